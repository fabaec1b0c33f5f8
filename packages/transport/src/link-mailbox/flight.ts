/** Frames on their way to peers (spec/link-mailbox.md, section 5): sent in order, asked for when they are late, sent again when they are not there. */
import {
  CUT_AFTER_MS,
  LAST_PROBE_MS,
  LINK_WINDOW,
  LOSSY_SILENCES,
  MAX_DOUBLINGS,
  MAX_OFFERED,
} from '../limits.js'
import { CONTROL_OVERHEAD } from './control.js'
import { type Offered, PUT_ENTRY_BYTES } from './message.js'
import type { Entry, Pending } from './pending.js'
import { answerMs, largestFrame, lose, type Peer, type Post, type ProvedBox, say } from './post.js'
import { readerOf, reads } from './proofs.js'

/** Sends what waits in these boxes and can go, in order. */
export function dispatch(state: Pending, boxes: readonly string[], only?: Peer): void {
  const ready = new Map<Peer, Entry[]>()
  for (const hex of boxes) {
    const waiting = (state.byBox.get(hex) ?? []).filter(({ peer }) => peer === undefined)
    const box = waiting[0]?.put.box
    if (box === undefined || (only !== undefined && !reads(state.post, only, hex, box))) continue
    const peer = readerOf(state.post, hex, box)
    if (peer === undefined) continue
    ready.set(peer, [...(ready.get(peer) ?? []), ...waiting])
  }
  for (const [peer, entries] of ready) {
    const room = Math.max(0, LINK_WINDOW - peer.flying)
    offer(state, peer, entries.sort((a, b) => a.number - b.number).slice(0, room))
  }
}

/** Frames that the peer's run may have already are asked for, the others sent. */
export function offer(state: Pending, peer: Peer, entries: readonly Entry[]): void {
  const now = state.post.clock.now()
  for (const entry of entries) {
    if (entry.peer !== undefined) continue
    entry.peer = peer
    peer.flying += 1
    peer.flyingBytes += entry.put.frame.length
  }
  const most = Math.floor((largestFrame(state.post) - CONTROL_OVERHEAD - 1) / PUT_ENTRY_BYTES)
  const perFrame = Math.min(MAX_OFFERED, most)
  for (let at = 0; at < entries.length; ) {
    const probing = isOffered(entries[at], peer)
    const batch: Entry[] = []
    for (; at < entries.length && batch.length < perFrame && isOffered(entries[at], peer) === probing; at++)
      batch.push(entries[at] as Entry)
    for (const entry of batch) {
      entry.offeredTo = peer.run
      entry.sentAt = now
      const wait = answerMs(state.post, peer.flyingBytes) * 2 ** Math.min(entry.attempts, MAX_DOUBLINGS)
      entry.dueAt = now + Math.max(answerMs(state.post, 0), Math.min(wait, LAST_PROBE_MS))
    }
    const offered = batch.map((entry) => offeredAs(peer, entry))
    const frames = probing ? [] : batch.map(({ put }) => put.frame)
    say(state.post, peer, { kind: probing ? 'probe' : 'put', entries: offered }, frames)
  }
}

function isOffered(entry: Entry | undefined, peer: Peer): boolean {
  return entry?.offeredTo !== undefined && entry.offeredTo === peer.run
}

function offeredAs(peer: Peer, { hex, put, digest }: Entry): Offered {
  return { tag: (peer.proved.get(hex) as ProvedBox).tag, id: put.id, digest }
}

/** Asks for what is late; true while something is under way. */
export function tend(state: Pending, now: number): boolean {
  const late = new Map<Peer, Entry[]>()
  let flying = false
  for (const entry of state.entries.values()) {
    if (entry.peer === undefined) continue
    flying = true
    if (entry.dueAt > now && !isCut(state.post, entry.peer, now - entry.sentAt)) continue
    late.set(entry.peer, [...(late.get(entry.peer) ?? []), entry])
  }
  for (const [peer, entries] of late) {
    for (const entry of entries) entry.attempts += 1
    if (entries.every(({ sentAt }) => peer.heardAt < sentAt)) peer.silences += 1
    // Whoever was there is not, unless the link may have lost all of it.
    if (peer.silences >= (state.post.traits.reliable ? 1 : LOSSY_SILENCES)) lose(state.post, peer)
    else offer(state, peer, entries)
  }
  return flying
}

/** The link says that it is connected with the peer no more: what it was given may be lost. */
function isCut({ link }: Post, { name, queued }: Peer, sinceMs: number): boolean {
  return (
    sinceMs >= CUT_AFTER_MS &&
    queued === 0 &&
    link.nearness !== undefined &&
    link.nearness(name) === undefined
  )
}
