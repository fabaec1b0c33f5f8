/** Telling peers which boxes are read here, again until it is heard (spec/link-mailbox.md, sections 4 and 6). */
import { toHex } from '@hyphae/core'
import { LAST_PROBE_MS, MAX_DOUBLINGS } from '../limits.js'
import type { Boxes } from './boxes.js'
import { CONTROL_OVERHEAD } from './control.js'
import { SERVE_ENTRY_BYTES, SERVE_HEAD_BYTES } from './message.js'
import { answerMs, largestFrame, type Peer, say } from './post.js'
import { boxTag, serveStatement } from './statement.js'

export function announce(state: Boxes, peer: Peer, boxes: readonly string[]): void {
  const size = largestFrame(state.post) - CONTROL_OVERHEAD - SERVE_HEAD_BYTES
  const perFrame = Math.max(1, Math.floor(size / SERVE_ENTRY_BYTES))
  for (let at = 0; at < boxes.length; at += perFrame) {
    state.number = (state.number + 1) % 2 ** 32
    const part = boxes.slice(at, at + perFrame)
    peer.unheard.set(state.number, { boxes: part, dueAt: 0, attempts: 0 })
    if (peer.present) serve(state, peer, state.number)
  }
}

function serve({ post, boxes }: Boxes, peer: Peer, number: number): void {
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

export function tendAnnouncements(state: Boxes, now: number): boolean {
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
