/** Frames that peers offer: what becomes of each, and the frame itself when it comes (spec/link-mailbox.md, sections 5 and 6). */
import { toHex } from '@hyphae/core'
import { MAX_EXPECTED_FRAMES, MAX_INBOX_BYTES, MAX_INBOX_FRAMES } from '../limits.js'
import { type Boxes, type Expected, takenName } from './boxes.js'
import { confirm } from './confirming.js'
import { CONTROL_OVERHEAD } from './control.js'
import {
  DIGEST_BYTES,
  ID_BYTES,
  type MessageOf,
  type Offered,
  STANDING_HEAD_BYTES,
  type Standing,
} from './message.js'
import { largestFrame, type Peer, type Post, say } from './post.js'

/** Answers an offer where there is something to say; what is wanted is expected from now on. */
export function consider(state: Boxes, peer: Peer, kind: 'put' | 'probe', entries: readonly Offered[]): void {
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
  state: Boxes,
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

function expect(state: Boxes, peer: Peer, digest: string, expected: Expected): void {
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

/** True when the frame is one that the peer has offered. */
export function receive(state: Boxes, peer: Peer, frame: Uint8Array): boolean {
  const frames = state.expected.get(peer)
  if (frames === undefined || frames.size === 0) return false
  const digest = toHex(state.post.crypto.sha256(frame).subarray(0, DIGEST_BYTES))
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
  state.cursor += 1
  const { id, name } = first
  box.items.push({ cursor: state.cursor, id, name, frame: frame.slice(), from: new Set([peer]) })
  state.bytes += frame.length
  box.changed.wake()
  return true
}

/** Says what became of frames that the peer has offered, as many in a message as fit. */
export function standing(
  post: Post,
  peer: Peer,
  { standing: what, tag, ids }: Omit<MessageOf<'standing'>, 'kind'>,
): void {
  const most = Math.floor((largestFrame(post) - CONTROL_OVERHEAD - STANDING_HEAD_BYTES) / ID_BYTES)
  for (let at = 0; at < ids.length; at += most)
    say(post, peer, { kind: 'standing', standing: what, tag, ids: ids.slice(at, at + most) })
}
