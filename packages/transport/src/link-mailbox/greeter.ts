/**
 * Whom to speak to, and when (spec/link-mailbox.md, section 3): peers that the link names are greeted until they answer,
 * those that came by themselves a few times after they have gone.
 */
import { equalBytes } from '@hyphae/core'
import { backoffMs } from '../backoff.js'
import { MAX_RUNS_PER_MINUTE, MAX_STRANGER_GREETINGS, MEETING_MS } from '../limits.js'
import type { Message } from './message.js'
import { airMs, type Peer, type Post, peerOf, sayHello } from './post.js'

/** Greeting those who are away takes a twentieth of a slow link at most. */
const QUIET_SHARE = 20
const GREETING_BYTES = 128

/** What a peer's hello, or any word of it, means. */
export type Meeting = 'known' | 'back' | 'anew' | 'ignored'

/** Names that the link or the caller knows. */
export type Candidates = () => readonly string[]

/** A hello: in a run that was not known everything begins anew. */
export function meet(
  post: Post,
  peer: Peer,
  { run, sees, asks }: Extract<Message, { kind: 'hello' }>,
): Meeting {
  const now = post.clock.now()
  const anew = peer.run === undefined || !equalBytes(peer.run, run)
  if (anew && !mayChange(peer, now)) return 'ignored'
  if (anew) {
    peer.run = run
    peer.refusals = 0
  }
  if (asks || !equalBytes(sees, post.run)) sayHello(post, peer, false)
  const back = hear(post, peer)
  return anew ? 'anew' : back
}

/** Every new run makes this node sign all its boxes. */
function mayChange(peer: Peer, now: number): boolean {
  const minute = Math.floor(now / 60_000)
  if (peer.minute !== minute) peer.runs = 0
  peer.minute = minute
  peer.runs += 1
  return peer.runs <= MAX_RUNS_PER_MINUTE
}

/** Something came from the peer: it is there. */
export function hear(post: Post, peer: Peer): Meeting {
  peer.heardAt = post.clock.now()
  peer.silences = 0
  if (peer.present) return 'known'
  peer.present = true
  peer.unreachable = false
  peer.greetings = 0
  // Should it go, it is greeted at once.
  peer.greetAt = 0
  post.changed.wake()
  return 'back'
}

/** Greets whom it is time to greet; gives the time of the next greeting, infinite when there is none. */
export function greet(post: Post, candidates: Candidates, now: number): number {
  const named = new Set(candidates())
  for (const name of named) peerOf(post, name)
  let next = Number.POSITIVE_INFINITY
  for (const peer of [...post.peers.values()]) {
    if (peer.present) continue
    if (!named.has(peer.name) && peer.greetings >= MAX_STRANGER_GREETINGS) {
      post.peers.delete(peer.name)
      continue
    }
    if (peer.greetAt <= now) {
      const quiet = QUIET_SHARE * airMs(post.traits, GREETING_BYTES)
      peer.greetAt = now + Math.max(backoffMs(peer.greetings, post.random), quiet)
      peer.greetings += 1
      sayHello(post, peer, true)
    }
    next = Math.min(next, peer.greetAt)
  }
  return next
}

/** Does not wait for the next greeting to be due. */
export function greetNow(post: Post, candidates: Candidates): void {
  for (const name of candidates()) {
    const peer = post.peers.get(name)
    if (peer === undefined || peer.present || peer.queued > 0) continue
    peer.unreachable = false
    peer.greetAt = 0
  }
  post.changed.wake()
}

/** Greets at once whom the link names and is away; resolves when each was met, cannot be reached or is late. */
export async function meetAll(post: Post, candidates: Candidates, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const stop = AbortSignal.any([signal, over.signal])
  post.clock
    .sleep(MEETING_MS, stop)
    .then(() => over.abort())
    .catch(() => {})
  greetNow(post, candidates)
  const isWaited = (name: string): boolean => {
    const peer = post.peers.get(name)
    return peer === undefined || (!peer.present && !peer.unreachable)
  }
  while (!stop.aborted && candidates().some(isWaited)) await post.changed.wait(stop)
  over.abort()
}
