/** Private keys as they are stored, and the numbers that name KEMs in bundles and stored states. */
import type { SessionCrypto, X25519PrivateKey } from '@hyphae/crypto'
import type { KemName, KemPrivateKey } from '@hyphae/crypto/kem'
import { absent, bytes, type Codec, choice, key, mapped } from './codec.js'
import { RatchetError } from './errors.js'
import type { PostQuantum } from './post-quantum.js'

/** By number; 0 is none. */
export const KEM_NAMES: readonly (KemName | null)[] = [null, 'ml-kem-768', 'ml-kem-1024']
const KEM_SEED_BYTES = 64

export function storedX25519({ x25519 }: Pick<SessionCrypto, 'x25519'>): Codec<X25519PrivateKey> {
  return mapped(
    key,
    (secret) => x25519.importPrivateKey(secret),
    (own) => x25519.exportPrivateKey(own),
  )
}

function required(pq: PostQuantum | null): PostQuantum {
  if (pq === null) throw new RatchetError('ratchet/unsupported-version', { details: { suite: 2 } })
  return pq
}

function storedSeed(pq: PostQuantum | null, name: KemName): Codec<KemPrivateKey> {
  return mapped(
    bytes(KEM_SEED_BYTES),
    (seed) => required(pq).kem(name).importSeed(seed),
    (own) => required(pq).kem(name).exportSeed(own),
  )
}

/** KEM u8, 0 for none | seed 64, if any. Reading one without `pq` throws `ratchet/unsupported-version`. */
export function storedKem(pq: PostQuantum | null): Codec<KemPrivateKey | null> {
  return choice(
    KEM_NAMES.map((name) => (name === null ? absent(null) : storedSeed(pq, name))),
    (own) => KEM_NAMES.indexOf(own && pq && own.kind),
  )
}
