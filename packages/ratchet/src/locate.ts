/**
 * Which chain and message a frame belongs to, by its tag (spec/session.md, "Finding a session").
 *
 * Likely places come first: the next messages, late messages, the windows of the current and the next chain. Only
 * then a wide search, at most 2 × MAX_FORWARD blocks, remembered for the next unknown frame.
 */
import type { SessionCrypto } from '@hyphae/crypto'
import { TAG_BYTES } from '@hyphae/tlv'
import { checkArgument } from './arguments.js'
import { findFar, findNear, type HeaderChain, isMessage, windowTags } from './header-chain.js'
import { MAX_FORWARD } from './limits.js'
import { coreOf, type ReadySide, type SessionCore, type SessionState } from './session.js'
import { findSkipped } from './skipped-keys.js'

/** A chain that a frame may be of. */
interface Candidate {
  readonly header: HeaderChain
  /** Number of its next message. */
  readonly from: number
  /** Null in the current chain; the side that a frame of the next chain turns. */
  readonly turns: ReadySide | null
}

export type Place =
  | { readonly kind: 'chain'; readonly chain: Candidate; readonly n: number }
  | { readonly kind: 'skipped'; readonly index: number }

function candidates({ receiving, sending }: SessionCore): Candidate[] {
  const chains: Candidate[] = []
  if (receiving !== null) chains.push({ header: receiving.header, from: receiving.n, turns: null })
  if (sending.kind === 'ready') chains.push({ header: sending.next, from: 0, turns: sending })
  return chains
}

/** Null for a frame of no expected message. */
export function locate(
  crypto: SessionCrypto,
  core: SessionCore,
  frame: Uint8Array,
  forward: number,
): Place | null {
  checkArgument('forward', forward, 0, MAX_FORWARD)
  const chains = candidates(core)
  // Nearly every frame is the next of its chain or the first of an answer: two blocks tell, before any window.
  for (const chain of chains) {
    if (isMessage(crypto, chain.header, chain.from, frame)) return { kind: 'chain', chain, n: chain.from }
  }
  const index = findSkipped(core.skipped, frame)
  if (index >= 0) return { kind: 'skipped', index }
  for (const chain of chains) {
    const n = findNear(crypto, chain.header, chain.from, frame)
    if (n === 'seen') return null
    if (n !== null) return { kind: 'chain', chain, n }
  }
  for (const chain of chains) {
    const n = findFar(crypto, chain.header, chain.from, forward, frame)
    if (n !== null) return { kind: 'chain', chain, n }
  }
  return null
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
