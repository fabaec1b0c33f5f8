/**
 * One event of a group: what its log makes of it, and all that follows, in the transaction of that event
 * (spec/messenger.md sections 4 and 5). What others are to be sent is in the outbox then, so nothing has to be asked for
 * once more after a restart.
 */
import type { GroupId, MessageId } from '@hyphae/core'
import { forgetPast, type GroupLog, type OrderEvent, type OrderInput, step } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { groupMembers } from './credential.js'
import { endGroupBoxes, keepMemberBoxes } from './group-boxes.js'
import { carryOut, type Follow, type Performing } from './group-effects.js'
import { tell } from './group-events.js'
import { followKeys, forgetAllKeys } from './group-keys.js'
import {
  deleteLog,
  groupRoles,
  invitersOf,
  type OpenGroup,
  orderContext,
  storeLog,
  tipOf,
} from './group-log.js'
import { rebaseIntents } from './group-roles.js'
import { earlyFramesTable, type GroupRow, groupSentTable, groupsTable } from './group-rows.js'
import type { Recipient } from './group-welcome.js'

export interface StepOptions {
  /** The message of this node that the input seals. */
  readonly sends?: { readonly number?: number; readonly counted?: MessageId }
  /** Joiners whose sessions are prepared. */
  readonly joiners?: readonly Recipient[]
}

export interface Outcome {
  readonly opened: OpenGroup
  readonly events: readonly OrderEvent[]
  /** Frames queued for the message that was sealed. */
  readonly frames: number
}

/** @throws MlsError as `step`, for what this node asks; never for an envelope */
export async function stepGroup(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  opened: OpenGroup,
  input: OrderInput,
  { sends = {}, joiners = [] }: StepOptions = {},
): Promise<Outcome> {
  const queue: Follow[] = [{ input, ...sends }]
  const doing: Performing = {
    id,
    row: opened.row,
    before: opened.log,
    log: opened.log,
    joiners,
    events: [],
    frames: 0,
  }
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    doing.before = doing.log
    const { log, effects } = await step(orderContext(context, doing.log), doing.log, next.input)
    doing.log = rebaseIntents(doing.before, log)
    await followKeys(context, tx, id, doing.before, doing.log)
    for (const effect of effects) {
      if (effect.kind === 'event') doing.events.push(effect.event)
      const follows =
        effect.kind === 'event'
          ? await tell(context, tx, doing, next, effect.event)
          : await carryOut(context, tx, doing, next, effect)
      queue.push(...follows)
    }
    forgetLater(tx, doing.before, doing.log)
  }
  const kept = await keepOutcome(context, tx, opened.log, doing)
  return { opened: kept, events: doing.events, frames: doing.frames }
}

/** Once it is durable: until then the transaction may be undone. */
function forgetLater(tx: Work, before: GroupLog, after: GroupLog): void {
  if (before.nodes !== after.nodes) tx.after(() => forgetPast(before, after))
}

async function keepOutcome(
  context: NodeContext,
  tx: Work,
  before: GroupLog,
  { id, row, log }: Performing,
): Promise<OpenGroup> {
  if (hasLeft(row, log)) {
    await endGroup(context, tx, id, rowOf(row, log))
    return { row, log }
  }
  if (before.nodes !== log.nodes) await keepKnown(tx, id, before, log)
  const stored = storeLog(context, tx, id, before, { row: rowOf(row, log), log })
  if (stored.row.restless) tx.after(() => context.signals.groups.fire())
  if (row.inviting && !stored.row.inviting) tx.after(() => context.signals.stored.fire())
  return stored
}

/** Out by its own wish: nothing takes that back. */
function hasLeft({ active }: GroupRow, { intents }: GroupLog): boolean {
  return !active && intents.some(({ intent }) => intent.kind === 'leave')
}

/** The group is over for this device: it reads no more there, and what it could read with is gone. */
export async function endGroup(context: NodeContext, tx: Work, id: GroupId, row: GroupRow): Promise<void> {
  await endGroupBoxes(context, tx, id, row)
  await deleteLog(context, tx, id)
  await forgetAllKeys(tx, id)
  await forgetSent(tx, id, new Set())
  for (const { parts } of await earlyFramesTable.list(tx, [id])) earlyFramesTable.delete(tx, ...parts)
  groupsTable.put(
    tx,
    { ...row, active: false, removedAt: 0, restless: false, inviting: false, stalledAt: 0 },
    id,
  )
}

async function forgetSent(tx: Work, id: GroupId, stays: ReadonlySet<string>): Promise<void> {
  for (const { parts } of await groupSentTable.list(tx, [id]))
    if (!stays.has(String(parts[1]))) groupSentTable.delete(tx, ...parts)
}

/**
 * Forgets where those are written to who are not on the branch that is followed: if it loses, the boxes of their
 * credentials are read still. And what was sent in epochs that are final.
 */
async function keepKnown(tx: Work, id: GroupId, before: GroupLog, log: GroupLog): Promise<void> {
  const tip = tipOf(log)
  if (before.tip !== tip.tag && tip.active) await keepMemberBoxes(tx, id, groupMembers(tip.state))
  const { nodes } = log
  if (before.nodes.size === nodes.size && [...nodes.keys()].every((tag) => before.nodes.has(tag))) return
  await forgetSent(tx, id, new Set([...nodes.values()].flatMap(({ sent }) => sent)))
}

function rowOf(row: GroupRow, log: GroupLog): GroupRow {
  const tip = tipOf(log)
  const { stall, submitted, welcomes, intents } = log
  const inviting = welcomes.some(({ sent }) => !sent)
  const waits = intents.some(
    ({ intent, carrier, settled }) => !settled && (intent.kind !== 'leave' || carrier === null),
  )
  return {
    ...row,
    epoch: tip.epoch,
    ...(tip.active && { admins: invitersOf(groupRoles(log)) }),
    restless: waits || stall !== null || submitted !== null || inviting,
    inviting,
    stalledAt: stall?.since ?? 0,
  }
}
