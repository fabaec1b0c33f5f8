/**
 * One block of ChaCha20, RFC 8439 section 2.3, from block number 0: what tags, header masks and chain steps are
 * made of. It calls the block function of @noble/ciphers without the stream cipher around it, whose views of
 * words over fresh small arrays cost four times the block itself (spec/crypto.md, "Which library serves what").
 *
 * The library hands its block function out for tests and promises nothing about it. So where it is missing, or
 * words are big-endian, or it does not give the stream's own bytes, `chachaBlock` is null.
 */
import * as chacha from '@noble/ciphers/chacha.js'
import { isLE } from '@noble/ciphers/utils.js'
import { KEY_LENGTH, NONCE_LENGTH } from '../limits.js'

export const CHACHA_BLOCK_BYTES = 64
/** Section 2.3. */
const ROUNDS = 20

/** The first `length` ≤ 64 bytes of the keystream; lengths of key and nonce are the caller's to check. */
type ChachaBlock = (key: Uint8Array, nonce: Uint8Array, length: number) => Uint8Array

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

/** Works in one arena: nothing here waits, so no two blocks are ever under way, and it is wiped after each. */
function blockOver(core: Core): ChachaBlock {
  const arena = new ArrayBuffer(KEY_LENGTH + NONCE_LENGTH + CHACHA_BLOCK_BYTES)
  const all = new Uint32Array(arena)
  const keyBytes = new Uint8Array(arena, 0, KEY_LENGTH)
  const nonceBytes = new Uint8Array(arena, KEY_LENGTH, NONCE_LENGTH)
  const outputBytes = new Uint8Array(arena, KEY_LENGTH + NONCE_LENGTH)
  const keyWords = new Uint32Array(arena, 0, KEY_LENGTH / 4)
  const nonceWords = new Uint32Array(arena, KEY_LENGTH, NONCE_LENGTH / 4)
  const outputWords = new Uint32Array(arena, KEY_LENGTH + NONCE_LENGTH)
  return (key, nonce, length) => {
    keyBytes.set(key)
    nonceBytes.set(nonce)
    core(SIGMA, keyWords, nonceWords, outputWords, 0, ROUNDS)
    const block = outputBytes.slice(0, length)
    all.fill(0)
    return block
  }
}

/** Whether a block equals what the stream cipher gives, for a key and a nonce with every byte different. */
function agrees(block: ChachaBlock): boolean {
  const key = Uint8Array.from({ length: KEY_LENGTH }, (_, i) => i)
  const nonce = Uint8Array.from({ length: NONCE_LENGTH }, (_, i) => 100 + i)
  const stream = chacha.chacha20(key, nonce, new Uint8Array(CHACHA_BLOCK_BYTES))
  return block(key, nonce, CHACHA_BLOCK_BYTES).every((byte, i) => byte === stream[i])
}

function choose(): ChachaBlock | null {
  // Named through the namespace, so that a bundler drops the rest of it and a missing name is no link error.
  const core: Core | undefined = chacha.__TESTS?.chachaCore
  if (!isLE || core === undefined) return null
  const block = blockOver(core)
  return agrees(block) ? block : null
}

export const chachaBlock: ChachaBlock | null = /* @__PURE__ */ choose()
