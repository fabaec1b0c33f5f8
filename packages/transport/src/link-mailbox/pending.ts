/** Frames that wait to be sent or confirmed (spec/link-mailbox.md, section 5), and who waits for them. Sends nothing. */
import { type MailboxPut, toHex } from '@hyphae/core'
import { DIGEST_BYTES } from './message.js'
import type { Peer, Post } from './post.js'
import type { Wakeups } from './wakeups.js'

export interface Entry {
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

export interface Pending {
  readonly post: Post
  readonly wakeups: Wakeups
  readonly entries: Map<string, Entry>
  readonly byBox: Map<string, Entry[]>
  count: number
}

export function entryOf(state: Pending, item: MailboxPut): Entry {
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

export interface Wait {
  /** Resolves when the entry is taken. */
  readonly settled: Promise<void>
  /** Waits no more; an entry that nobody waits for is forgotten. */
  leave(reason: unknown): void
}

export function waitFor(state: Pending, entry: Entry, stored: () => void): Wait {
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
export function drop(state: Pending, entry: Entry, error?: unknown): void {
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
export function land(entry: Entry): void {
  const { peer } = entry
  if (peer === undefined) return
  peer.flying -= 1
  peer.flyingBytes -= entry.put.frame.length
  entry.peer = undefined
}

/** What was under way to the peer waits again, for it or for another. */
export function ground(state: Pending, peer: Peer): void {
  for (const entry of state.entries.values()) {
    if (entry.peer !== peer) continue
    land(entry)
    state.wakeups.await(entry.hex)
  }
}
