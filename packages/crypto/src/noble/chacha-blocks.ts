/**
 * The first blocks of ChaCha20, RFC 8439 section 2.3, from block number 0: what tags, header masks, chain steps and
 * short texts are masked with. It calls the block function of @noble/ciphers without the stream cipher around it,
 * whose views of words over fresh small arrays cost four times a block itself (spec/crypto.md, "Which library serves what").
 *
 * The library hands its block function out for tests and promises nothing about it. So where it is missing, or
 * words are big-endian, or it does not give the stream's own bytes, `chachaBlocks` is null.
 */
import * as chacha from '@noble/ciphers/chacha.js'
import { isLE } from '@noble/ciphers/utils.js'
import { KEY_LENGTH, NOBLE_KEYSTREAM_BYTES, NONCE_LENGTH } from '../limits.js'

const CHACHA_BLOCK_BYTES = 64
/** Section 2.3. */
const ROUNDS = 20

/** The first `length` ≤ NOBLE_KEYSTREAM_BYTES of the keystream; all lengths are the caller's to check. */
type ChachaBlocks = (key: Uint8Array, nonce: Uint8Array, length: number) => Uint8Array

type Core = (
  sigma: Uint32Array,
  key: Uint32Array,
  nonce: Uint32Array,
  output: Uint32Array,
  counter: number,
  rounds: number,
) => void

/** "expand 32-byte k". */
const SIGMA: Uint32Array = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)

/** Works in one arena: nothing here waits, so no two streams are ever under way, and it is wiped after each. */
function blocksOver(core: Core): ChachaBlocks {
  const arena = new ArrayBuffer(KEY_LENGTH + NONCE_LENGTH + NOBLE_KEYSTREAM_BYTES)
  const keyBytes = new Uint8Array(arena, 0, KEY_LENGTH)
  const nonceBytes = new Uint8Array(arena, KEY_LENGTH, NONCE_LENGTH)
  const outputBytes = new Uint8Array(arena, KEY_LENGTH + NONCE_LENGTH)
  const keyWords = new Uint32Array(arena, 0, KEY_LENGTH / 4)
  const nonceWords = new Uint32Array(arena, KEY_LENGTH, NONCE_LENGTH / 4)
  const blocks = Array.from(
    { length: NOBLE_KEYSTREAM_BYTES / CHACHA_BLOCK_BYTES },
    (_, i) =>
      new Uint32Array(arena, KEY_LENGTH + NONCE_LENGTH + i * CHACHA_BLOCK_BYTES, CHACHA_BLOCK_BYTES / 4),
  )
  return (key, nonce, length) => {
    keyBytes.set(key)
    nonceBytes.set(nonce)
    const count = Math.ceil(length / CHACHA_BLOCK_BYTES)
    for (let i = 0; i < count; i++) core(SIGMA, keyWords, nonceWords, blocks[i] as Uint32Array, i, ROUNDS)
    const stream = outputBytes.slice(0, length)
    keyWords.fill(0)
    nonceWords.fill(0)
    for (let i = 0; i < count; i++) (blocks[i] as Uint32Array).fill(0)
    return stream
  }
}

/** Whether the blocks equal what the stream cipher gives, for a key and a nonce with every byte different. */
function agrees(blocks: ChachaBlocks): boolean {
  const key = Uint8Array.from({ length: KEY_LENGTH }, (_, i) => i)
  const nonce = Uint8Array.from({ length: NONCE_LENGTH }, (_, i) => 100 + i)
  const stream = chacha.chacha20(key, nonce, new Uint8Array(NOBLE_KEYSTREAM_BYTES))
  return blocks(key, nonce, NOBLE_KEYSTREAM_BYTES).every((byte, i) => byte === stream[i])
}

function choose(): ChachaBlocks | null {
  // Named through the namespace, so that a bundler drops the rest of it and a missing name is no link error.
  const core: Core | undefined = chacha.__TESTS?.chachaCore
  if (!isLE || core === undefined) return null
  const blocks = blocksOver(core)
  return agrees(blocks) ? blocks : null
}

export const chachaBlocks: ChachaBlocks | null = /* @__PURE__ */ choose()
