/**
 * One direction of a connection: records sealed and opened under its key, counted (spec/link.md, "Records"). It stands in
 * the way of every frame, so what can be used again is: the nonce, and where kind and content are put together.
 */
import type { CryptoProvider } from '@hyphae/crypto'
import { MAX_RECORD_PLAINTEXT } from './limits.js'
import { type CipherState, NONCE_BYTES, writeNonce } from './noise.js'
import { prefixed } from './record-reader.js'

const EMPTY = new Uint8Array()

/** A live resource. */
export interface RecordCipher {
  /** Records so far. */
  readonly counter: number
  /** A record as it travels. @throws LinkError `link/exhausted` */
  seal(kind: number, content: Uint8Array): Uint8Array
  /** Kind and content; null when it does not verify. @throws LinkError `link/exhausted` */
  open(record: Uint8Array): Uint8Array | null
}

export function createRecordCipher(
  { chacha20Poly1305 }: Pick<CryptoProvider, 'chacha20Poly1305'>,
  { key, counter: first }: CipherState,
): RecordCipher {
  const nonce = new Uint8Array(NONCE_BYTES)
  const nonceView = new DataView(nonce.buffer)
  let counter = first
  let scratch: Uint8Array | undefined
  return {
    get counter() {
      return counter
    },
    seal: (kind, content) => {
      writeNonce(nonceView, counter)
      scratch ??= new Uint8Array(MAX_RECORD_PLAINTEXT)
      scratch[0] = kind
      scratch.set(content, 1)
      const sealed = chacha20Poly1305.seal(key, nonce, scratch.subarray(0, 1 + content.length), EMPTY)
      counter += 1
      return prefixed(sealed)
    },
    open: (record) => {
      writeNonce(nonceView, counter)
      const plaintext = chacha20Poly1305.open(key, nonce, record, EMPTY)
      if (plaintext !== null) counter += 1
      return plaintext
    },
  }
}
