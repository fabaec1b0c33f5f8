/**
 * Which chain and message a frame belongs to, by its tag (spec/session.md, "Finding a session").
 *
 * Likely places come first: the window of the current chain, late messages, the window of the next chain. Only
 * then a wide search, at most 2 × MAX_FORWARD blocks, remembered for the next unknown frame.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { TAG_BYTES } from '@hyphae/tlv'
import { RatchetError } from './errors.js'
import { findFar, findNear, isMessage, windowTags } from './header-chain.js'
import { MAX_FORWARD } from './limits.js'
import { coreOf, type SessionCore, type SessionState } from './session.js'
import { findSkipped } from './skipped-keys.js'

export type Place =
  | { readonly kind: 'current'; readonly n: number }
  | { readonly kind: 'next'; readonly n: number }
  | { readonly kind: 'skipped'; readonly index: number }

/** Null for a frame of no expected message. */
export function locate(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  forward: number,
): Place | null {
  if (!Number.isInteger(forward) || forward < 0 || forward > MAX_FORWARD) {
    throw new RatchetError('ratchet/bad-argument', { details: { name: 'forward', max: MAX_FORWARD } })
  }
  const near = locateNear(crypto, core, frame)
  if (near === 'seen') return null
  return near ?? locateFar(crypto, core, frame, forward)
}

function locateNear(crypto: SessionCrypto, core: SessionCore, frame: Uint8Array): Place | 'seen' | null {
  const { receiving, sending, skipped } = core
  // Nearly every frame is the next of its chain or the first of an answer: two blocks tell, before any window.
  if (receiving !== null && isMessage(crypto, receiving.header, receiving.n, frame)) {
    return { kind: 'current', n: receiving.n }
  }
  if (sending.kind === 'ready' && isMessage(crypto, sending.next, 0, frame)) return { kind: 'next', n: 0 }
  const current = receiving === null ? null : findNear(crypto, receiving.header, receiving.n, frame)
  if (typeof current === 'number') return { kind: 'current', n: current }
  const index = skipped.length === 0 ? -1 : findSkipped(skipped, frame)
  if (index >= 0) return { kind: 'skipped', index }
  if (current === 'seen') return current
  const next = sending.kind === 'ready' ? findNear(crypto, sending.next, 0, frame) : null
  return typeof next === 'number' ? { kind: 'next', n: next } : next
}

function locateFar(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  forward: number,
): Place | null {
  const { receiving, sending } = core
  const current = receiving === null ? null : findFar(crypto, receiving.header, receiving.n, forward, frame)
  if (current !== null) return { kind: 'current', n: current }
  const next = sending.kind === 'ready' ? findFar(crypto, sending.next, 0, forward, frame) : null
  return next === null ? null : { kind: 'next', n: next }
}

/**
 * The tags that frames of this session may carry now: the windows of the current and the next chain, and every
 * late message. Put them into an index from tag to session; they change with every received message.
 */
export function expectedTags(session: SessionState, crypto: SessionCrypto): Uint8Array[] {
  const { receiving, sending, skipped } = coreOf(session)
  const tags = receiving === null ? [] : windowTags(crypto, receiving.header, receiving.n)
  for (const entry of skipped) tags.push(entry.mask.slice(0, TAG_BYTES))
  if (sending.kind === 'ready') tags.push(...windowTags(crypto, sending.next, 0))
  return tags
}
