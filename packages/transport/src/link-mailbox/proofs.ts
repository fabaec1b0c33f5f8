/** Which peers read a box (spec/link-mailbox.md, section 4): announcements are verified when they are needed, and bounded. */
import { type BoxId, toHex } from '@hyphae/core'
import { MAX_SERVED, MAX_SERVED_BY_PEER } from '../limits.js'
import type { Peer, Post, ProvedBox } from './post.js'
import { boxTag, serveStatement, type Way } from './statement.js'

/** A peer that is there and has proved to read the box; the one heard last. */
export function readerOf(post: Post, hex: string, box: BoxId): Peer | undefined {
  let best: Peer | undefined
  for (const peer of post.peers.values()) {
    if (!peer.present || !reads(post, peer, hex, box)) continue
    if (best === undefined || peer.heardAt > best.heardAt) best = peer
  }
  return best
}

/** Verifies an announcement when it is first needed. */
export function reads(post: Post, peer: Peer, hex: string, box: BoxId): boolean {
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

/** Keeps announcements within bounds: the peer with the most gives way, its oldest first. */
export function trim(post: Post): void {
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
