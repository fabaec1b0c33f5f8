/**
 * Boxes that are read here (spec/link-mailbox.md, section 6): announced to every peer, their frames kept in memory until
 * their reader acknowledges, and only then confirmed to who sent them. What is lost here is still there.
 */
import { type BoxId, type BoxKey, type Delivery, fromHex, type IoOptions, toHex } from '@hyphae/core'
import { TransportError } from '../errors.js'
import { DEFAULT_FETCH, MAX_FETCHED_BOXES } from '../limits.js'
import { ready } from '../memory-mailbox.js'
import { createNotifier } from '../notifier.js'
import { announce, tendAnnouncements } from './announcing.js'
import type { Box, Boxes } from './boxes.js'
import { delivery } from './confirming.js'
import type { MessageOf } from './message.js'
import { consider, receive, standing } from './offers.js'
import { answerMs, type Peer, type Post } from './post.js'

export interface Inbox {
  watch(key: BoxKey, options?: IoOptions): AsyncIterable<Delivery>
  fetch(key: BoxKey, options?: IoOptions & { readonly limit?: number }): Promise<Delivery[]>
  /** Tells a peer that is there everything that is read here, or after a break what it has not heard. */
  introduce(peer: Peer, anew: boolean): void
  onOffer(peer: Peer, message: MessageOf<'put' | 'probe'>): void
  onHeard(peer: Peer, message: MessageOf<'heard'>): void
  /** True when the frame is one that the peer has offered. */
  receive(peer: Peer, frame: Uint8Array): boolean
  /** Boxes that are read here now. */
  boxes(): BoxId[]
  /** Says again what was not heard; true while something was not. */
  tend(now: number): boolean
}

export function createInbox(post: Post, met: Boxes['met'], opened: Boxes['opened']): Inbox {
  const state: Boxes = {
    post,
    opened,
    met,
    boxes: new Map(),
    fetched: new Set(),
    taken: new Set(),
    expected: new Map(),
    bytes: 0,
    number: 0,
    cursor: 0,
  }
  return {
    watch: (key, options) => watch(state, key, options?.signal),
    fetch: (key, options) => fetch(state, key, options),
    introduce: (peer, anew) => {
      if (!anew) for (const unheard of peer.unheard.values()) unheard.dueAt = 0
      else {
        state.expected.delete(peer)
        peer.told.clear()
        peer.unheard.clear()
        announce(state, peer, [...state.boxes.keys()])
      }
    },
    onOffer: (peer, { kind, entries }) => consider(state, peer, kind, entries),
    onHeard: (peer, { number }) => {
      peer.unheard.delete(number)
      post.changed.wake()
    },
    receive: (peer, frame) => receive(state, peer, frame),
    boxes: () => [...state.boxes.values()].map(({ key }) => key.id),
    tend: (now) => tendAnnouncements(state, now),
  }
}

async function* watch(
  state: Boxes,
  key: BoxKey,
  signal: AbortSignal | undefined,
): AsyncGenerator<Delivery, void, undefined> {
  const { closed } = state.post
  const stop = signal === undefined ? closed : AbortSignal.any([signal, closed])
  if (stop.aborted) return
  const box = open(state, key)
  box.watchers += 1
  state.fetched.delete(box.hex)
  try {
    let cursor = 0
    while (!stop.aborted) {
      const item = box.items.find((waiting) => waiting.cursor > cursor)
      if (item === undefined) {
        await box.changed.wait(stop)
        continue
      }
      cursor = item.cursor
      yield delivery(state, box, item)
    }
  } finally {
    box.watchers -= 1
    if (box.watchers === 0) leave(state, box)
  }
}

async function fetch(
  state: Boxes,
  key: BoxKey,
  options: (IoOptions & { readonly limit?: number }) | undefined,
): Promise<Delivery[]> {
  ready(state.post, options)
  const box = open(state, key)
  if (box.watchers === 0) keepOpen(state, box)
  await settled(state, box, options?.signal)
  return box.items.slice(0, options?.limit ?? DEFAULT_FETCH).map((item) => delivery(state, box, item))
}

/** Until every peer that answers has heard that the box is read here, and sent what it had for it. */
async function settled({ post, met }: Boxes, box: Box, signal: AbortSignal | undefined): Promise<void> {
  const over = new AbortController()
  const stop = AbortSignal.any([over.signal, post.closed, ...(signal ? [signal] : [])])
  const isHeard = (): boolean =>
    [...post.peers.values()].every(
      (peer) => !peer.present || [...peer.unheard.values()].every(({ boxes }) => !boxes.includes(box.hex)),
    )
  await met(stop)
  const late = post.clock.sleep(answerMs(post, 0), stop).then(() => over.abort())
  late.catch(() => {})
  while (!isHeard() && !stop.aborted) await post.changed.wait(stop)
  over.abort()
}

/** @throws TransportError `transport/bad-proof` */
function open(state: Boxes, key: BoxKey): Box {
  const { crypto, peers } = state.post
  const challenge = crypto.randomBytes(32)
  if (!crypto.ed25519.verify(key.id, challenge, key.sign(challenge)))
    throw new TransportError('transport/bad-proof')
  const hex = toHex(key.id)
  const known = state.boxes.get(hex)
  if (known !== undefined) return known
  const box: Box = { key, hex, watchers: 0, items: [], changed: createNotifier() }
  state.boxes.set(hex, box)
  for (const peer of peers.values()) if (peer.run !== undefined) announce(state, peer, [hex])
  state.opened(key.id)
  return box
}

function keepOpen(state: Boxes, box: Box): void {
  state.fetched.delete(box.hex)
  state.fetched.add(box.hex)
  if (state.fetched.size <= MAX_FETCHED_BOXES) return
  const [oldest] = state.fetched
  const unused = state.boxes.get(oldest as string)
  state.fetched.delete(oldest as string)
  if (unused !== undefined) leave(state, unused)
}

/** Nobody reads it: what it holds is still with who sent it, and is said to be gone from here. */
function leave(state: Boxes, box: Box): void {
  state.boxes.delete(box.hex)
  const lost = new Map<Peer, Uint8Array[]>()
  for (const { frame, id, from } of box.items) {
    state.bytes -= frame.length
    for (const peer of from) lost.set(peer, [...(lost.get(peer) ?? []), id])
  }
  for (const peer of state.post.peers.values())
    for (const [tag, hex] of peer.told) {
      if (hex !== box.hex) continue
      peer.told.delete(tag)
      standing(state.post, peer, { standing: 'gone', tag: fromHex(tag), ids: lost.get(peer) ?? [] })
    }
}
