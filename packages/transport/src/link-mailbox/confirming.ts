/** Deliveries and their acknowledgement: the key of the box signs, and who sent the frame is told (spec/link-mailbox.md, section 6). */
import type { Delivery } from '@hyphae/core'
import { MAX_TAKEN_IDS } from '../limits.js'
import { ready } from '../memory-mailbox.js'
import { type Box, type Boxes, type Item, takenName } from './boxes.js'
import { CONTROL_OVERHEAD } from './control.js'
import { ID_BYTES, TAKEN_HEAD_BYTES } from './message.js'
import { largestFrame, type Peer, type Post, say } from './post.js'
import { boxTag, takenStatement } from './statement.js'

export function delivery(state: Boxes, box: Box, item: Item): Delivery {
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
function acknowledge(state: Boxes, box: Box, cursor: number): void {
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

export function confirm(post: Post, peer: Peer, { key }: Box, ids: readonly Uint8Array[]): void {
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
