/**
 * Boxes that are read here (spec/link-mailbox.md, section 6): announced to every peer, their frames kept in memory until
 * their reader acknowledges, and only then confirmed to who sent them. What is lost here is still there.
 */
import { type BoxId, type BoxKey, type Delivery, fromHex, type IoOptions, toHex } from '@hyphae/core'
import { TransportError } from '../errors.js'
import {
  DEFAULT_FETCH,
  LAST_PROBE_MS,
  MAX_DOUBLINGS,
  MAX_EXPECTED_FRAMES,
  MAX_FETCHED_BOXES,
  MAX_INBOX_BYTES,
  MAX_INBOX_FRAMES,
  MAX_TAKEN_IDS,
} from '../limits.js'
import { ready } from '../memory-mailbox.js'
import { createNotifier, type Notifier } from '../notifier.js'
import { CONTROL_OVERHEAD } from './control.js'
import {
  ID_BYTES,
  type Message,
  type Offered,
  SERVE_ENTRY_BYTES,
  SERVE_HEAD_BYTES,
  STANDING_HEAD_BYTES,
  type Standing,
  TAKEN_HEAD_BYTES,
} from './message.js'
import { answerMs, largestFrame, type Peer, type Post, say } from './post.js'
import { boxTag, serveStatement, takenStatement } from './statement.js'

type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>

interface Item {
  readonly cursor: number
  readonly id: Uint8Array
  /** The id again, to compare by. */
  readonly name: string
  readonly frame: Uint8Array
  /** Who waits for its confirmation. */
  readonly from: Set<Peer>
}

interface Box {
  readonly key: BoxKey
  readonly hex: string
  watchers: number
  items: Item[]
  cursor: number
  readonly changed: Notifier
}

interface Expected {
  readonly tag: Uint8Array
  readonly hex: string
  readonly id: Uint8Array
  readonly name: string
}

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

interface State {
  readonly post: Post
  readonly boxes: Map<string, Box>
  /** Boxes that nobody watches and somebody has fetched from, the longest unused first. */
  readonly fetched: Set<string>
  /** Box and id of frames that are acknowledged. */
  readonly taken: Set<string>
  /** By peer and digest. */
  readonly expected: Map<Peer, Map<string, Expected[]>>
  /** Resolves when peers were met, as far as they answer. */
  readonly met: (signal: AbortSignal) => Promise<void>
  /** Told of each box that is read from now on. */
  readonly opened: (box: BoxId) => void
  bytes: number
  number: number
}

export function createInbox(post: Post, met: State['met'], opened: State['opened']): Inbox {
  const state: State = {
    post,
    opened,
    met,
    boxes: new Map(),
    fetched: new Set(),
    taken: new Set(),
    expected: new Map(),
    bytes: 0,
    number: 0,
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
    tend: (now) => tend(state, now),
  }
}

async function* watch(
  state: State,
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
  state: State,
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
async function settled({ post, met }: State, box: Box, signal: AbortSignal | undefined): Promise<void> {
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
function open(state: State, key: BoxKey): Box {
  const { crypto, peers } = state.post
  const challenge = crypto.randomBytes(32)
  if (!crypto.ed25519.verify(key.id, challenge, key.sign(challenge)))
    throw new TransportError('transport/bad-proof')
  const hex = toHex(key.id)
  const known = state.boxes.get(hex)
  if (known !== undefined) return known
  const box: Box = { key, hex, watchers: 0, items: [], cursor: 0, changed: createNotifier() }
  state.boxes.set(hex, box)
  for (const peer of peers.values()) if (peer.run !== undefined) announce(state, peer, [hex])
  state.opened(key.id)
  return box
}

function keepOpen(state: State, box: Box): void {
  state.fetched.delete(box.hex)
  state.fetched.add(box.hex)
  if (state.fetched.size <= MAX_FETCHED_BOXES) return
  const [oldest] = state.fetched
  const unused = state.boxes.get(oldest as string)
  state.fetched.delete(oldest as string)
  if (unused !== undefined) leave(state, unused)
}

/** Nobody reads it: what it holds is still with who sent it, and is said to be gone from here. */
function leave(state: State, box: Box): void {
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

/** Says what became of frames that the peer has offered, as many in a message as fit. */
function standing(
  post: Post,
  peer: Peer,
  { standing: what, tag, ids }: Omit<MessageOf<'standing'>, 'kind'>,
): void {
  const most = Math.floor((largestFrame(post) - CONTROL_OVERHEAD - STANDING_HEAD_BYTES) / ID_BYTES)
  for (let at = 0; at < ids.length; at += most)
    say(post, peer, { kind: 'standing', standing: what, tag, ids: ids.slice(at, at + most) })
}

function announce(state: State, peer: Peer, boxes: readonly string[]): void {
  const size = largestFrame(state.post) - CONTROL_OVERHEAD - SERVE_HEAD_BYTES
  const perFrame = Math.max(1, Math.floor(size / SERVE_ENTRY_BYTES))
  for (let at = 0; at < boxes.length; at += perFrame) {
    state.number = (state.number + 1) % 2 ** 32
    const part = boxes.slice(at, at + perFrame)
    peer.unheard.set(state.number, { boxes: part, dueAt: 0, attempts: 0 })
    if (peer.present) serve(state, peer, state.number)
  }
}

function serve({ post, boxes }: State, peer: Peer, number: number): void {
  const unheard = peer.unheard.get(number)
  if (unheard === undefined || peer.run === undefined) return
  const way = { reader: post.run, sender: peer.run }
  const present = unheard.boxes.flatMap((hex) => boxes.get(hex) ?? [])
  if (present.length === 0) {
    peer.unheard.delete(number)
    return
  }
  const entries = present.map(({ key, hex }) => {
    const tag = boxTag(post.crypto.sha256, way, key.id)
    peer.told.set(toHex(tag), hex)
    return { tag, signature: key.sign(serveStatement(way, key.id)) }
  })
  const wait = answerMs(post, peer.flyingBytes) * 2 ** Math.min(unheard.attempts, MAX_DOUBLINGS)
  unheard.dueAt = post.clock.now() + Math.max(answerMs(post, 0), Math.min(wait, LAST_PROBE_MS))
  unheard.attempts += 1
  say(post, peer, { kind: 'serve', number, entries })
}

function tend(state: State, now: number): boolean {
  let waiting = false
  for (const peer of state.post.peers.values()) {
    if (!peer.present) continue
    for (const [number, { dueAt }] of [...peer.unheard]) {
      waiting = true
      if (dueAt <= now) serve(state, peer, number)
    }
  }
  return waiting
}

function consider(state: State, peer: Peer, kind: 'put' | 'probe', entries: readonly Offered[]): void {
  const standings = new Map<string, { standing: Standing; tag: Uint8Array; ids: Uint8Array[] }>()
  for (const entry of entries) {
    const found = standingOf(state, peer, kind, entry)
    if (found === undefined) continue
    const name = `${found}/${toHex(entry.tag)}`
    const same = standings.get(name) ?? { standing: found, tag: entry.tag, ids: [] }
    same.ids.push(entry.id)
    standings.set(name, same)
  }
  for (const same of standings.values()) standing(state.post, peer, same)
}

/** What to answer to an offer; undefined when the frame is to come, or was confirmed again. */
function standingOf(
  state: State,
  peer: Peer,
  kind: 'put' | 'probe',
  { tag, id, digest }: Offered,
): Standing | undefined {
  const name = toHex(id)
  const hex = peer.told.get(toHex(tag))
  const box = hex === undefined ? undefined : state.boxes.get(hex)
  if (box === undefined) return 'gone'
  if (state.taken.has(takenName(box, name))) {
    confirm(state.post, peer, box, [id])
    return undefined
  }
  const waiting = box.items.find((item) => item.name === name)
  if (waiting !== undefined) {
    waiting.from.add(peer)
    return 'held'
  }
  if (kind === 'probe') return 'missing'
  if (box.items.length >= MAX_INBOX_FRAMES || state.bytes >= MAX_INBOX_BYTES) return 'full'
  expect(state, peer, toHex(digest), { tag, hex: box.hex, id, name })
  return undefined
}

function expect(state: State, peer: Peer, digest: string, expected: Expected): void {
  const frames = state.expected.get(peer) ?? new Map<string, Expected[]>()
  state.expected.set(peer, frames)
  const same = frames.get(digest) ?? []
  frames.delete(digest)
  const isOther = ({ hex, name }: Expected): boolean => hex !== expected.hex || name !== expected.name
  frames.set(digest, [...same.filter(isOther), expected])
  for (const oldest of frames.keys()) {
    if (frames.size <= MAX_EXPECTED_FRAMES) break
    frames.delete(oldest)
  }
}

function receive(state: State, peer: Peer, frame: Uint8Array): boolean {
  const frames = state.expected.get(peer)
  if (frames === undefined || frames.size === 0) return false
  const digest = toHex(state.post.crypto.sha256(frame).subarray(0, 16))
  const [first, ...others] = frames.get(digest) ?? []
  if (first === undefined) return false
  if (others.length > 0) frames.set(digest, others)
  else frames.delete(digest)
  const box = state.boxes.get(first.hex)
  if (box === undefined) standing(state.post, peer, { standing: 'gone', tag: first.tag, ids: [first.id] })
  if (box === undefined || state.taken.has(takenName(box, first.name))) return true
  const known = box.items.find(({ name }) => name === first.name)
  if (known !== undefined) {
    known.from.add(peer)
    return true
  }
  box.cursor += 1
  const { id, name } = first
  box.items.push({ cursor: box.cursor, id, name, frame: frame.slice(), from: new Set([peer]) })
  state.bytes += frame.length
  box.changed.wake()
  return true
}

function delivery(state: State, box: Box, item: Item): Delivery {
  return {
    frame: item.frame.slice(),
    cursor: item.cursor,
    ack: async () => {
      ready(state.post, undefined)
      acknowledge(state, box, item.cursor)
    },
  }
}

/** Also of a box that was left meanwhile: who sent it waits for the word. */
function acknowledge(state: State, box: Box, cursor: number): void {
  const done = box.items.filter((item) => item.cursor <= cursor)
  if (done.length === 0) return
  box.items = box.items.filter((item) => item.cursor > cursor)
  const byPeer = new Map<Peer, Uint8Array[]>()
  for (const { id, name, frame, from } of done) {
    if (state.boxes.get(box.hex) === box) state.bytes -= frame.length
    state.taken.add(takenName(box, name))
    for (const peer of from) byPeer.set(peer, [...(byPeer.get(peer) ?? []), id])
  }
  for (const name of state.taken) {
    if (state.taken.size <= MAX_TAKEN_IDS) break
    state.taken.delete(name)
  }
  for (const [peer, ids] of byPeer) confirm(state.post, peer, box, ids)
}

function confirm(post: Post, peer: Peer, { key }: Box, ids: readonly Uint8Array[]): void {
  if (peer.run === undefined) return
  const way = { reader: post.run, sender: peer.run }
  const tag = boxTag(post.crypto.sha256, way, key.id)
  const most = Math.floor((largestFrame(post) - CONTROL_OVERHEAD - TAKEN_HEAD_BYTES) / ID_BYTES)
  for (let at = 0; at < ids.length; at += most) {
    const part = ids.slice(at, at + most)
    const signature = key.sign(takenStatement(way, key.id, part))
    say(post, peer, { kind: 'taken', tag, signature, ids: part })
  }
}

function takenName({ hex }: Box, name: string): string {
  return `${hex}/${name}`
}
