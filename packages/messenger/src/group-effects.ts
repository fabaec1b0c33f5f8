/** What a step of a group's log asks for, carried out: frames, Welcomes, and for events group-events.ts. */
import { type GroupId, type MessageId, toHex } from '@hyphae/core'
import type { Effect, EpochTag, GroupLog, OrderEvent, OrderInput } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { type GroupMember, groupMembers } from './credential.js'
import { noteGroupWrite, withPresentBoxes } from './group-boxes.js'
import { sendToMembers } from './group-frames.js'
import { keepSpoken, keysToWrite } from './group-keys.js'
import { tipOf } from './group-log.js'
import type { GroupRow } from './group-rows.js'
import { type Recipient, sendWelcome, welcomeOf } from './group-welcome.js'
import { outboxTable } from './rows.js'

/** An input, and the message of this node that it seals. */
export interface Follow {
  readonly input: OrderInput
  /** In the log of messages; what has none is not sent again. */
  readonly number?: number
  /** Whose delivery its frames count for. */
  readonly counted?: MessageId
}

/** A group while its steps are carried out. */
export interface Performing {
  readonly id: GroupId
  readonly joiners: readonly Recipient[]
  row: GroupRow
  before: GroupLog
  log: GroupLog
  readonly events: OrderEvent[]
  frames: number
}

/** Where an envelope says what it is: version, kind, tag of its epoch (spec/ordering.md section 4). */
const KIND_AT = 1
const TAG_AT = [2, 18] as const
const APPLICATION = 3
const PLEA = 4

/** Envelopes to members, Welcomes to joiners. What the log asks about is answered by an input. */
export async function carryOut(
  context: NodeContext,
  tx: Work,
  doing: Performing,
  by: Follow,
  effect: Exclude<Effect, { kind: 'event' }>,
): Promise<Follow[]> {
  if (effect.kind === 'send') await sendEnvelope(context, tx, doing, by, effect.envelope)
  // Nobody else is asked: this device alone may invite (group-log.ts).
  else if (effect.kind === 'submit')
    return [{ input: { kind: 'sequenced', parent: effect.parent, answer: 'accepted' } }]
  else {
    const welcome = welcomeOf(doing.id, doing.row.name, effect, [doing.before, doing.log])
    await sendWelcome(context, tx, welcome, doing.joiners)
  }
  return []
}

async function sendEnvelope(
  context: NodeContext,
  tx: Work,
  doing: Performing,
  { counted }: Follow,
  envelope: Uint8Array,
): Promise<void> {
  const { id, before, log } = doing
  const kind = envelope[KIND_AT]
  const tag = toHex(envelope.subarray(...TAG_AT))
  const members = await withPresentBoxes(context, tx, id, recipients(before, log, kind, tag))
  const keysOf = await keysToWrite(tx, id, log)
  const own = kind === APPLICATION ? counted : undefined
  const frames = await sendToMembers(context, tx, keysOf, members, envelope, own)
  await keepSpoken(tx, id, tag)
  if (frames > 0) await noteGroupWrite(context, tx, id)
  if (kind === APPLICATION) doing.frames += frames
  if (kind === PLEA) doing.row = { ...doing.row, asked: await lastInOutbox(tx) }
}

/**
 * Who can read an envelope is who was a member of its epoch, those included whom a commit removes. A plea is for
 * everybody, also on branches that this member has given up.
 */
function recipients(before: GroupLog, log: GroupLog, kind: number | undefined, tag: EpochTag): GroupMember[] {
  const node = log.nodes.get(tag) ?? before.nodes.get(tag) ?? tipOf(log)
  const nodes = kind === PLEA ? [...log.nodes.values()] : [node]
  const each = nodes.flatMap(({ state }) => groupMembers(state))
  return [...new Map(each.map((one) => [toHex(one.box), one])).values()]
}

/** Zero when nothing waits. */
async function lastInOutbox(tx: Work): Promise<number> {
  const [last] = await outboxTable.list(tx, [], { reverse: true, limit: 1 })
  return last === undefined ? 0 : (last.parts[0] as number)
}
