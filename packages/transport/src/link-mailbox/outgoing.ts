/**
 * Frames for boxes that somebody else reads (spec/link-mailbox.md, section 5): each waits until a peer has proved to read
 * its box, travels there, and counts as stored when the box's key has signed that its reader has it.
 */
import { type BoxId, CoreError, type MailboxPut, type PutOptions, type Reach, toHex } from '@hyphae/core'
import { TransportError } from '../errors.js'
import {
  CUT_AFTER_MS,
  LAST_PROBE_MS,
  LINK_WINDOW,
  LOSSY_SILENCES,
  MAX_DOUBLINGS,
  MAX_OFFERED,
  MAX_PENDING_PUTS,
  MAX_SERVED,
  MAX_SERVED_BY_PEER,
  PUT_PATIENCE_MS,
} from '../limits.js'
import { checkPuts } from '../memory-box.js'
import { CONTROL_OVERHEAD } from './control.js'
import { DIGEST_BYTES, type Message, type Offered, PUT_ENTRY_BYTES } from './message.js'
import { answerMs, largestFrame, lose, type Peer, type Post, type ProvedBox, say } from './post.js'
import { boxTag, serveStatement, takenStatement, type Way } from './statement.js'
import type { Wakeups } from './wakeups.js'

type MessageOf<K extends Message['kind']> = Extract<Message, { kind: K }>

interface Entry {
  readonly key: string
  /** Order of arrival here. */
  readonly number: number
  readonly hex: string
  readonly put: MailboxPut
  readonly digest: Uint8Array
  readonly waiters: Set<(error?: unknown) => void>
  /** Where it is under way to. */
  peer: Peer | undefined
  /** The run that it was offered to: the frame itself may be there. */
  offeredTo: Uint8Array | undefined
  sentAt: number
  dueAt: number
  attempts: number
}

export interface Outgoing {
  put(items: readonly MailboxPut[], options?: PutOptions): Promise<void>
  reach(box: BoxId): Reach | undefined
  onServe(peer: Peer, message: MessageOf<'serve'>): void
  /** False when the statement is not the box's. */
  onTaken(peer: Peer, message: MessageOf<'taken'>): boolean
  onStanding(peer: Peer, message: MessageOf<'standing'>): void
  /** The peer is there again. */
  revive(peer: Peer): void
  /** The peer is in a new run: what it said holds no more. */
  forget(peer: Peer): void
  /** Asks again for what is late; true while something is under way. */
  tend(now: number): boolean
  close(): void
}

interface State {
  readonly post: Post
  readonly wakeups: Wakeups
  readonly entries: Map<string, Entry>
  readonly byBox: Map<string, Entry[]>
  count: number
}

export function createOutgoing(post: Post, wakeups: Wakeups): Outgoing {
  const state: State = { post, wakeups, entries: new Map(), byBox: new Map(), count: 0 }
  post.onLost.add((peer) => ground(state, peer))
  return {
    put: (items, options) => put(state, items, options),
    reach: (box) => {
      const peer = readerOf(state, toHex(box), box)
      return peer && { peer: peer.name, nearness: post.link.nearness?.(peer.name) ?? 'direct' }
    },
    onServe: (peer, { number, entries }) => {
      for (const { tag, signature } of entries) peer.serves.set(toHex(tag), signature)
      trim(post)
      dispatch(state, [...state.byBox.keys()], peer)
      say(post, peer, { kind: 'heard', number })
    },
    onTaken: (peer, message) => onTaken(state, peer, message),
    onStanding: (peer, message) => onStanding(state, peer, message),
    revive: (peer) => dispatch(state, [...peer.proved.keys()]),
    forget: (peer) => {
      ground(state, peer)
      peer.serves.clear()
      peer.proved.clear()
      peer.provedByTag.clear()
      peer.tags.clear()
    },
    tend: (now) => tend(state, now),
    close: () => {
      for (const entry of [...state.entries.values()])
        drop(state, entry, new TransportError('transport/closed'))
    },
  }
}

async function put(state: State, items: readonly MailboxPut[], options: PutOptions = {}): Promise<void> {
  const { post } = state
  checkPuts(items)
  const largest = largestFrame(post)
  for (const { frame } of items)
    if (frame.length > largest)
      throw new TransportError('transport/bad-frame', { details: { frameBytes: frame.length, largest } })
  if (post.closed.aborted) throw new TransportError('transport/closed')
  const { signal } = options
  if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  if (state.entries.size + items.length > MAX_PENDING_PUTS)
    throw new TransportError('transport/full', { details: { waiting: state.entries.size } })
  const over = new AbortController()
  const entries = items.map((item) => entryOf(state, item))
  const waits = entries.map((entry, index) => waitFor(state, entry, () => options.stored?.(index)))
  const leave = (): void => {
    for (const wait of waits) wait.leave(over.signal.reason)
  }
  const abort = (): void => over.abort(new CoreError('core/aborted', { cause: signal?.reason }))
  over.signal.addEventListener('abort', leave, { once: true })
  signal?.addEventListener('abort', abort, { once: true })
  dispatch(state, [...new Set(entries.map(({ hex }) => hex))])
  for (const { hex, peer } of entries) if (peer === undefined) state.wakeups.await(hex)
  void patience(state, entries, over)
  const outcomes = await Promise.allSettled(waits.map(({ settled }) => settled))
  signal?.removeEventListener('abort', abort)
  over.abort()
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/** Gives up what nobody is there for; what is on its way to somebody who answers may take its time. */
async function patience(state: State, entries: readonly Entry[], over: AbortController): Promise<void> {
  const { post } = state
  const isMoving = (entry: Entry): boolean => state.entries.has(entry.key) && entry.peer?.present === true
  do await post.clock.sleep(PUT_PATIENCE_MS, over.signal).catch(() => {})
  while (!over.signal.aborted && entries.some(isMoving))
  over.abort(new TransportError('transport/no-peer', { details: { frames: entries.length } }))
}

function entryOf(state: State, item: MailboxPut): Entry {
  const hex = toHex(item.box)
  const key = `${hex}/${toHex(item.id)}`
  const known = state.entries.get(key)
  if (known !== undefined) return known
  state.count += 1
  const entry: Entry = {
    key,
    number: state.count,
    hex,
    put: { ...item, frame: item.frame.slice() },
    digest: state.post.crypto.sha256(item.frame).slice(0, DIGEST_BYTES),
    waiters: new Set(),
    peer: undefined,
    offeredTo: undefined,
    sentAt: 0,
    dueAt: 0,
    attempts: 0,
  }
  state.entries.set(key, entry)
  const others = state.byBox.get(hex)
  if (others === undefined) state.byBox.set(hex, [entry])
  else others.push(entry)
  return entry
}

interface Wait {
  /** Resolves when the entry is taken. */
  readonly settled: Promise<void>
  /** Waits no more; an entry that nobody waits for is forgotten. */
  leave(reason: unknown): void
}

function waitFor(state: State, entry: Entry, stored: () => void): Wait {
  let leave: Wait['leave'] = () => {}
  const settled = new Promise<void>((resolve, reject) => {
    const settle = (error?: unknown): void => {
      entry.waiters.delete(settle)
      if (error !== undefined) {
        reject(error)
        return
      }
      stored()
      resolve()
    }
    entry.waiters.add(settle)
    leave = (reason) => {
      if (!entry.waiters.has(settle)) return
      settle(reason)
      if (entry.waiters.size === 0) drop(state, entry)
    }
  })
  return { settled, leave: (reason) => leave(reason) }
}

/** The entry is over, well or not. */
function drop(state: State, entry: Entry, error?: unknown): void {
  land(entry)
  state.entries.delete(entry.key)
  const left = (state.byBox.get(entry.hex) ?? []).filter((other) => other !== entry)
  if (left.length === 0) {
    state.byBox.delete(entry.hex)
    state.wakeups.forget(entry.hex)
  } else state.byBox.set(entry.hex, left)
  for (const settled of [...entry.waiters]) settled(error)
}

/** It is under way no more. */
function land(entry: Entry): void {
  const { peer } = entry
  if (peer === undefined) return
  peer.flying -= 1
  peer.flyingBytes -= entry.put.frame.length
  entry.peer = undefined
}

/** What was under way to the peer waits again, for it or for another. */
function ground(state: State, peer: Peer): void {
  for (const entry of state.entries.values()) {
    if (entry.peer !== peer) continue
    land(entry)
    state.wakeups.await(entry.hex)
  }
}

/** A peer that is there and has proved to read the box; the one heard last. */
function readerOf(state: State, hex: string, box: BoxId): Peer | undefined {
  let best: Peer | undefined
  for (const peer of state.post.peers.values()) {
    if (!peer.present || !reads(state, peer, hex, box)) continue
    if (best === undefined || peer.heardAt > best.heardAt) best = peer
  }
  return best
}

/** Verifies an announcement when it is first needed. */
function reads({ post }: State, peer: Peer, hex: string, box: BoxId): boolean {
  if (peer.proved.has(hex)) return true
  if (peer.run === undefined || peer.serves.size === 0) return false
  const way = { reader: peer.run, sender: post.run }
  const wanted = peer.tags.get(hex) ?? tagOf(post, peer, way, hex, box)
  const name = toHex(wanted.tag)
  const signature = peer.serves.get(name)
  if (signature === undefined) return false
  if (!post.crypto.ed25519.verify(box, serveStatement(way, box), signature)) {
    peer.serves.delete(name)
    peer.refusals += 1
    return false
  }
  peer.proved.set(hex, wanted)
  peer.provedByTag.set(name, wanted)
  return true
}

/** Kept, because each announcement is compared with all that waits. */
function tagOf(post: Post, peer: Peer, way: Way, hex: string, box: BoxId): ProvedBox {
  if (peer.tags.size >= MAX_SERVED_BY_PEER) peer.tags.clear()
  const made: ProvedBox = { hex, box, tag: boxTag(post.crypto.sha256, way, box) }
  peer.tags.set(hex, made)
  return made
}

/** Sends what waits in these boxes and can go, in order. */
function dispatch(state: State, boxes: readonly string[], only?: Peer): void {
  const ready = new Map<Peer, Entry[]>()
  for (const hex of boxes) {
    const waiting = (state.byBox.get(hex) ?? []).filter(({ peer }) => peer === undefined)
    const box = waiting[0]?.put.box
    if (box === undefined || (only !== undefined && !reads(state, only, hex, box))) continue
    const peer = readerOf(state, hex, box)
    if (peer === undefined) continue
    ready.set(peer, [...(ready.get(peer) ?? []), ...waiting])
  }
  for (const [peer, entries] of ready) {
    const room = Math.max(0, LINK_WINDOW - peer.flying)
    offer(state, peer, entries.sort((a, b) => a.number - b.number).slice(0, room))
  }
}

/** Frames that the peer's run may have already are asked for, the others sent. */
function offer(state: State, peer: Peer, entries: readonly Entry[]): void {
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

function onTaken(state: State, peer: Peer, { tag, signature, ids }: MessageOf<'taken'>): boolean {
  const { post } = state
  const proved = peer.provedByTag.get(toHex(tag))
  if (proved === undefined || peer.run === undefined) return true
  const done = ids.flatMap((id) => state.entries.get(`${proved.hex}/${toHex(id)}`) ?? [])
  if (done.length === 0) return true
  const statement = takenStatement({ reader: peer.run, sender: post.run }, proved.box, ids)
  if (!post.crypto.ed25519.verify(proved.box, statement, signature)) return false
  for (const entry of done) drop(state, entry)
  dispatch(state, [...peer.proved.keys()])
  return true
}

function onStanding(state: State, peer: Peer, { standing, tag, ids }: MessageOf<'standing'>): void {
  const proved = peer.provedByTag.get(toHex(tag))
  if (proved === undefined) return
  const entries = ids.flatMap((id) => state.entries.get(`${proved.hex}/${toHex(id)}`) ?? [])
  const flying = entries.filter((entry) => entry.peer === peer)
  if (standing === 'gone') {
    for (const entry of flying) {
      land(entry)
      entry.offeredTo = undefined
    }
    // The tag still names the box: a confirmation may come late.
    peer.proved.delete(proved.hex)
    peer.serves.delete(toHex(tag))
    dispatch(state, [proved.hex])
    return
  }
  if (standing === 'held') return
  // It has to be sent again: now, or when there is room.
  for (const entry of flying) entry.offeredTo = undefined
  if (standing === 'missing') offer(state, peer, flying)
}

function tend(state: State, now: number): boolean {
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

/** Keeps announcements within bounds: the peer with the most gives way, its oldest first. */
function trim(post: Post): void {
  const peers = [...post.peers.values()]
  let total = peers.reduce((sum, { serves }) => sum + serves.size, 0)
  for (const { serves } of peers)
    for (const tag of serves.keys()) {
      if (serves.size <= MAX_SERVED_BY_PEER) break
      serves.delete(tag)
      total -= 1
    }
  while (total > MAX_SERVED) {
    const [most] = peers.sort((a, b) => b.serves.size - a.serves.size)
    for (const tag of most?.serves.keys() ?? []) {
      most?.serves.delete(tag)
      total -= 1
      if (total <= MAX_SERVED) break
    }
  }
}
