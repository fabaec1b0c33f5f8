import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defaultCrypto } from '@hyphae/crypto'
import {
  conversationKeys,
  createNostr,
  importNostrKey,
  type Nostr,
  type NostrKey,
} from '../../src/index.node.js'

export const nostr: Nostr = createNostr(defaultCrypto)
export const keys = conversationKeys(nostr)

export function keyOf(byte: number): NostrKey {
  return importNostrKey(nostr, new Uint8Array(32).fill(byte))
}

const VECTORS = fileURLToPath(
  new URL('../../../../../shared/vectors/nostr/nip44.vectors.json', import.meta.url),
)
export const vectorsAreThere: boolean = existsSync(VECTORS)

/** The official NIP-44 cases, read where they lie. */
export function nip44Vectors(): Nip44Vectors {
  return JSON.parse(readFileSync(VECTORS, 'utf8')).v2
}

export interface Nip44Vectors {
  readonly valid: {
    readonly get_conversation_key: readonly { sec1: string; pub2: string; conversation_key: string }[]
    readonly calc_padded_len: readonly (readonly [number, number])[]
    readonly encrypt_decrypt: readonly {
      sec1: string
      sec2: string
      conversation_key: string
      nonce: string
      plaintext: string
      payload: string
    }[]
    readonly encrypt_decrypt_long_msg: readonly {
      conversation_key: string
      nonce: string
      pattern: string
      repeat: number
      plaintext_sha256: string
      payload_sha256: string
    }[]
  }
  readonly invalid: {
    readonly encrypt_msg_lengths: readonly number[]
    readonly get_conversation_key: readonly { sec1: string; pub2: string; note: string }[]
    readonly decrypt: readonly { conversation_key: string; payload: string; note: string }[]
  }
}
