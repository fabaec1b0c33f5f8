/**
 * Frames for boxes that somebody else reads (spec/link-mailbox.md, section 5): each waits until a peer has proved to read
 * its box, travels there, and counts as stored when the box's key has signed that its reader has it.
 */
import { type BoxId, CoreError, type MailboxPut, type PutOptions, type Reach, toHex } from '@hyphae/core'
import { TransportError } from '../errors.js'
import { MAX_PENDING_PUTS, PUT_PATIENCE_MS } from '../limits.js'
import { checkPuts } from '../memory-box.js'
import { dispatch, offer, tend } from './flight.js'
import type { MessageOf } from './message.js'
import { drop, type Entry, entryOf, ground, land, type Pending, waitFor } from './pending.js'
import { largestFrame, type Peer, type Post, say } from './post.js'
import { readerOf, trim } from './proofs.js'
import { takenStatement } from './statement.js'
import type { Wakeups } from './wakeups.js'

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

export function createOutgoing(post: Post, wakeups: Wakeups): Outgoing {
  const state: Pending = { post, wakeups, entries: new Map(), byBox: new Map(), count: 0 }
  post.onLost.add((peer) => ground(state, peer))
  return {
    put: (items, options) => put(state, items, options),
    reach: (box) => {
      const peer = readerOf(post, toHex(box), box)
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

async function put(state: Pending, items: readonly MailboxPut[], options: PutOptions = {}): Promise<void> {
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
async function patience(state: Pending, entries: readonly Entry[], over: AbortController): Promise<void> {
  const { post } = state
  const isMoving = (entry: Entry): boolean => state.entries.has(entry.key) && entry.peer?.present === true
  do await post.clock.sleep(PUT_PATIENCE_MS, over.signal).catch(() => {})
  while (!over.signal.aborted && entries.some(isMoving))
  over.abort(new TransportError('transport/no-peer', { details: { frames: entries.length } }))
}

function onTaken(state: Pending, peer: Peer, { tag, signature, ids }: MessageOf<'taken'>): boolean {
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

function onStanding(state: Pending, peer: Peer, { standing, tag, ids }: MessageOf<'standing'>): void {
  const proved = peer.provedByTag.get(toHex(tag))
  if (proved === undefined) return
  const entries = ids.flatMap((id) => state.entries.get(`${proved.hex}/${toHex(id)}`) ?? [])
  const flying = entries.filter((entry) => entry.peer === peer)
  if (standing === 'gone') {
    // All of the box, whatever it names: it is not read there.
    for (const entry of state.byBox.get(proved.hex) ?? []) {
      if (entry.peer !== peer) continue
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
