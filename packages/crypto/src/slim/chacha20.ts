/**
 * ChaCha20 and ChaCha20-Poly1305 (RFC 8439, sections 2.4 and 2.8) of @noble/ciphers without the stream cipher that
 * the library shares among ten: its block function, and its AEAD over the stream that blocks make.
 *
 * The block function is handed out for tests and promises nothing; the library is pinned, and the vectors of the
 * RFC hold what is built here. No bounds: callers check lengths.
 */
import { __TESTS, _poly1305_aead } from '@noble/ciphers/chacha.js'
import { swap32IfBE } from '@noble/ciphers/utils.js'
import { requireAtMost, requireLength } from '../lengths.js'
import { KEY_LENGTH, MAX_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'
import { nobleAead } from '../noble/aead-over.js'
import type { Aead, CryptoProvider } from '../provider.js'

const BLOCK_BYTES = 64
/** "expand 32-byte k", section 2.3. */
const SIGMA: Uint32Array = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)

/** Little-endian words of a copy. */
const wordsOf = (bytes: Uint8Array): Uint32Array => swap32IfBE(new Uint32Array(Uint8Array.from(bytes).buffer))

/** Section 2.4: each block is the block function of key, nonce and its number. */
function xorStream(
  key: Uint8Array,
  nonce: Uint8Array,
  data: Uint8Array,
  output: Uint8Array = new Uint8Array(data.length),
  counter = 0,
): Uint8Array {
  const keyWords = wordsOf(key)
  const nonceWords = wordsOf(nonce)
  const words = new Uint32Array(BLOCK_BYTES / 4)
  const block = new Uint8Array(words.buffer)
  for (let at = 0; at < data.length; at++) {
    const i = at % BLOCK_BYTES
    if (i === 0) {
      __TESTS.chachaCore(SIGMA, keyWords, nonceWords, words, counter++)
      swap32IfBE(words)
    }
    output[at] = (data[at] as number) ^ (block[i] as number)
  }
  keyWords.fill(0)
  words.fill(0)
  return output
}

export const slimKeystream: CryptoProvider['chacha20'] = (key, nonce, length) => {
  requireLength(key, KEY_LENGTH, 'key')
  requireLength(nonce, NONCE_LENGTH, 'nonce')
  requireAtMost(length, MAX_KEYSTREAM_BYTES, 'keystream')
  return xorStream(key, nonce, new Uint8Array(length))
}

export const slimChacha20Poly1305: Aead = /* @__PURE__ */ nobleAead(
  /* @__PURE__ */ _poly1305_aead(xorStream),
  KEY_LENGTH,
  NONCE_LENGTH,
)
