/** What every function here is given from outside: primitives and the curve. */
import type { CryptoProvider } from '@hyphae/crypto'
import type { Secp256k1 } from './secp256k1.js'

export interface Nostr {
  readonly crypto: Pick<CryptoProvider, 'randomBytes' | 'sha256' | 'hmacSha256' | 'chacha20'>
  readonly secp256k1: Secp256k1
}

export type CreateNostr = (crypto: Nostr['crypto'], secp256k1?: Secp256k1) => Nostr
