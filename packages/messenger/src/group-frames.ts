/**
 * Group frames: an envelope of the group's log under the outer key of an epoch, sealed anew for each member's box.
 *
 * The tag is bound to the box, so that a relay cannot tell by it that two boxes belong to one group. Which epoch's keys
 * a member is written to with stands in group-keys.ts.
 */
import { equalBytes, type GroupId, type MessageId } from '@hyphae/core'
import {
  frameTag,
  groupFrameTag,
  openGroupFrame,
  sealGroupFrame,
  smallestFrame,
  USABLE_BYTES,
} from '@hyphae/tlv'
import { addFragment } from './assembly.js'
import type { NodeContext, Work } from './context.js'
import type { GroupMember } from './credential.js'
import { MessengerError } from './errors.js'
import type { KeysOf } from './group-keys.js'
import { groupEpochsTable } from './group-rows.js'
import { MAX_FRAGMENTS } from './limits.js'
import { enqueue } from './outbox.js'
import { fragmentId } from './sessions.js'

/** Queues `message` for every member but this device; returns the number of frames. */
export async function sendToMembers(
  context: NodeContext,
  tx: Work,
  keysOf: KeysOf,
  members: readonly GroupMember[],
  message: Uint8Array,
  counted?: MessageId,
): Promise<number> {
  const { crypto } = context
  const pieces = split(message)
  const id = fragmentId(context)
  // A group's keys must not be used twice either, when an old copy of the store comes back.
  await context.sessions.count(tx)
  let frames = 0
  for (const member of members) {
    if (member.device === context.self.deviceId) continue
    const keys = keysOf(member.device)
    const tag = groupFrameTag(crypto, keys.tagKey, member.box)
    for (const [index, body] of pieces.entries()) {
      const size = context.mode === 'thin' ? (smallestFrame(body.length) ?? 2048) : 2048
      const header = { index, count: pieces.length, id }
      const frame = sealGroupFrame(crypto, { tag, key: keys.frameKey, header, body, size })
      await enqueue(context, tx, member.box, frame, { message: counted })
      frames++
    }
  }
  return frames
}

function split(message: Uint8Array): Uint8Array[] {
  const usable = USABLE_BYTES[2048]
  const count = Math.max(1, Math.ceil(message.length / usable))
  if (count > MAX_FRAGMENTS) {
    throw new MessengerError('messenger/too-long', {
      details: { bytes: message.length, limit: MAX_FRAGMENTS * usable },
    })
  }
  return Array.from({ length: count }, (_, index) => message.subarray(index * usable, (index + 1) * usable))
}

export type OpenedGroupFrame =
  | { readonly kind: 'message'; readonly message: Uint8Array }
  /** Kept until its other fragments are there, or not authentic. */
  | { readonly kind: 'nothing' }
  /** No epoch this node knows made it: it may come from one that is still to arrive. */
  | { readonly kind: 'unknown-epoch' }

export async function openGroupBytes(
  context: NodeContext,
  tx: Work,
  group: GroupId,
  box: Uint8Array,
  frame: Uint8Array,
): Promise<OpenedGroupFrame> {
  const { crypto } = context
  const tag = frameTag(frame)
  for (const { parts, row } of await groupEpochsTable.list(tx, [group])) {
    if (!equalBytes(groupFrameTag(crypto, row.tagKey, box), tag)) continue
    const opened = openGroupFrame(crypto, { key: row.frameKey, frame })
    if (opened === null) return { kind: 'nothing' }
    const { header, body } = opened
    if (header.count === 1) return { kind: 'message', message: body }
    if (header.count > MAX_FRAGMENTS || header.index >= header.count) return { kind: 'nothing' }
    const whole = await addFragment(tx, `group:${group}:${parts[1]}`, header, body)
    return whole === null ? { kind: 'nothing' } : { kind: 'message', message: whole }
  }
  return { kind: 'unknown-epoch' }
}
