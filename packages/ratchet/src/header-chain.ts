/**
 * The header key of one chain and the tags it predicts (spec/session.md, "Finding a session").
 *
 *   tag 14 ‖ mask 40 of message n = ChaCha20(header key, nonce n)
 *
 * The memo only remembers what can be computed again: two states may share it, in any order, and it is not
 * part of a snapshot. Near tags keep their whole mask, far ones their first four bytes.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { FRAME_MASK_BYTES, frameMask, readU32, TAG_BYTES } from '@hyphae/tlv'
import { MAX_CHAIN_MESSAGES, MAX_FORWARD, TAG_WINDOW } from './limits.js'

/** Where the tag stands in a frame (spec/frames.md). */
const TAG_OFFSET = 2
/** Masks held: the window ahead, and as many behind, so that a repeated frame is known at once. */
const RING_SLOTS = 2 * TAG_WINDOW

interface TagMemo {
  /** Masks of messages near.low ≤ n < near.high, message n in slot n mod RING_SLOTS. */
  readonly near: { low: number; high: number; readonly masks: Uint8Array }
  /** First words of tags low ≤ n < high, in slot n mod MAX_FORWARD. Made by the first wide search. */
  far: { low: number; high: number; readonly words: Uint32Array } | null
}

export interface HeaderChain {
  /** 32 bytes. */
  readonly key: Uint8Array
  /** Behind a function, so that printing shows nothing of it. */
  readonly memo: () => TagMemo
}

export function headerChain(key: Uint8Array): HeaderChain {
  let memo: TagMemo | undefined
  return {
    key,
    memo: () => {
      memo ??= { near: { low: 0, high: 0, masks: new Uint8Array(RING_SLOTS * FRAME_MASK_BYTES) }, far: null }
      return memo
    },
  }
}

/** Tag and mask of message n: a view that the next call may overwrite. */
export function maskAt(crypto: SessionCrypto, chain: HeaderChain, n: number): Uint8Array {
  const { near } = chain.memo()
  if (n < near.low || n > near.high) near.low = near.high = n
  const at = (n % RING_SLOTS) * FRAME_MASK_BYTES
  if (n === near.high) {
    near.masks.set(frameMask(crypto, chain.key, n), at)
    near.high = n + 1
    near.low = Math.max(near.low, near.high - RING_SLOTS)
  }
  return near.masks.subarray(at, at + FRAME_MASK_BYTES)
}

/** Compares the tag of a frame with the start of `mask`. Tags are public, so this need not hide its time. */
export function tagMatches(frame: Uint8Array, mask: Uint8Array): boolean {
  for (let i = 0; i < TAG_BYTES; i++) if (frame[TAG_OFFSET + i] !== mask[i]) return false
  return true
}

/** Whether the frame is message `n` itself: one block, where a window costs sixteen. */
export function isMessage(crypto: SessionCrypto, chain: HeaderChain, n: number, frame: Uint8Array): boolean {
  return n < MAX_CHAIN_MESSAGES && tagMatches(frame, maskAt(crypto, chain, n))
}

/** The message number within the window that begins at `from`; 'seen' for one just before it. */
export function findNear(
  crypto: SessionCrypto,
  chain: HeaderChain,
  from: number,
  frame: Uint8Array,
): number | 'seen' | null {
  const end = Math.min(from + TAG_WINDOW, MAX_CHAIN_MESSAGES)
  for (let n = from; n < end; n++) if (tagMatches(frame, maskAt(crypto, chain, n))) return n
  return wasSeen(crypto, chain, from, frame) ? 'seen' : null
}

/**
 * One of the TAG_WINDOW messages before `from`. A state fresh from a snapshot has forgotten their masks; computing
 * those again saves the wide search that a repeated frame would start, unless that was made already.
 */
function wasSeen(crypto: SessionCrypto, chain: HeaderChain, from: number, frame: Uint8Array): boolean {
  const { near, far } = chain.memo()
  const known = Math.min(from, near.high)
  for (let n = near.low; n < known; n++) if (tagMatches(frame, maskAt(crypto, chain, n))) return true
  if (far !== null) return false
  const forgotten = Math.min(from, near.low)
  for (let n = Math.max(0, from - TAG_WINDOW); n < forgotten; n++) {
    if (tagMatches(frame, frameMask(crypto, chain.key, n))) return true
  }
  return false
}

/** The message number at most `forward` after `from`. The first call computes that many blocks, later ones few. */
export function findFar(
  crypto: SessionCrypto,
  chain: HeaderChain,
  from: number,
  forward: number,
  frame: Uint8Array,
): number | null {
  const end = Math.min(from + forward, MAX_CHAIN_MESSAGES)
  const words = farWords(crypto, chain, from, end)
  const word = readU32(frame, TAG_OFFSET)
  for (let slot = words.indexOf(word); slot >= 0; slot = words.indexOf(word, slot + 1)) {
    // The one number from `from` on that this slot can hold.
    const n = from + ((slot + MAX_FORWARD - (from % MAX_FORWARD)) % MAX_FORWARD)
    if (n < end && tagMatches(frame, frameMask(crypto, chain.key, n))) return n
  }
  return null
}

/** Makes the table cover from ≤ n < end; the two are at most MAX_FORWARD apart. */
function farWords(crypto: SessionCrypto, chain: HeaderChain, from: number, end: number): Uint32Array {
  const memo = chain.memo()
  memo.far ??= { low: from, high: from, words: new Uint32Array(MAX_FORWARD) }
  const { far } = memo
  if (from < far.low || from > far.high) far.low = far.high = from
  for (; far.high < end; far.high++) {
    far.words[far.high % MAX_FORWARD] = readU32(frameMask(crypto, chain.key, far.high), 0)
  }
  far.low = Math.max(far.low, far.high - MAX_FORWARD)
  return far.words
}

/** The tags of the window that begins at `from`, each a copy. */
export function windowTags(crypto: SessionCrypto, chain: HeaderChain, from: number): Uint8Array[] {
  const tags: Uint8Array[] = []
  const end = Math.min(from + TAG_WINDOW, MAX_CHAIN_MESSAGES)
  for (let n = from; n < end; n++) tags.push(maskAt(crypto, chain, n).slice(0, TAG_BYTES))
  return tags
}
