/**
 * Time in groups: a log that waits for something is looked at about once a second (spec/ordering.md section 2), Welcomes
 * that were kept are sent, and groups that this device was removed from are closed.
 */
import { type AccountId, type GroupId, isHyphaeError } from '@hyphae/core'
import { type NodeContext, transact, type Work } from './context.js'
import { addToGroup } from './group-change.js'
import { readGroup } from './group-log.js'
import { type GroupRow, groupsTable, invitesTable } from './group-rows.js'
import { endGroup, stepGroup } from './group-step.js'
import { deliverInvite } from './group-welcome.js'
import { GROUP_TICK_MS, REMOVAL_DOUBT_MS, RETRY_CAP_MS, STALL_CAP_MS, STALL_PART } from './limits.js'
import { codeOf } from './outbox.js'
import { backoff, type Delays, delays } from './retry.js'
import { outboxTable } from './rows.js'

/** What is known of time since the node was opened. */
interface Watch {
  readonly tended: Map<GroupId, number>
  readonly tries: Map<number, { readonly at: number; readonly delays: Delays }>
}

/** Runs until the node closes. Never rejects. */
export async function runGroupClock(context: NodeContext): Promise<void> {
  const { clock, closing, crypto } = context
  const watch: Watch = { tended: new Map(), tries: new Map() }
  const retry = backoff(clock, crypto)
  while (!closing.aborted) {
    try {
      const tending = await tendGroups(context, watch)
      const inviting = await sendInvites(context, watch)
      retry.reset()
      if (tending || inviting) await clock.sleep(GROUP_TICK_MS, closing, true)
      else await context.signals.groups.wait(closing)
    } catch (error) {
      if (closing.aborted) return
      context.logger.warn('groups: what waits there was not done', { code: codeOf(error) })
      await retry.wait(closing).catch(() => {})
    }
  }
}

/** True while something waits for time to pass. */
async function tendGroups(context: NodeContext, watch: Watch): Promise<boolean> {
  let waits = false
  for (const { parts, row } of await groupsTable.list(context.store, [])) {
    const id = parts[0] as GroupId
    if (isOver(context, row)) await transact(context, (tx) => closeGroup(context, tx, id))
    else if (row.restless) {
      waits = true
      if (await isDue(context, watch, id, row)) await tick(context, watch, id)
    }
  }
  return waits
}

/** A clock that was set back has to come round again. */
function isOver({ clock }: NodeContext, { removedAt }: GroupRow): boolean {
  return removedAt !== 0 && clock.now() - removedAt >= REMOVAL_DOUBT_MS
}

async function closeGroup(context: NodeContext, tx: Work, id: GroupId): Promise<void> {
  const row = await groupsTable.get(tx, id)
  if (row !== undefined && isOver(context, row)) await endGroup(context, tx, id, row)
}

/** A stall may last: it is tended less and less often, and not while its last plea has not left. */
async function isDue(context: NodeContext, { tended }: Watch, id: GroupId, row: GroupRow): Promise<boolean> {
  if (row.stalledAt === 0) return true
  if (row.asked !== 0 && (await outboxTable.get(context.store, row.asked)) !== undefined) return false
  const now = context.clock.now()
  const pause = Math.min(Math.abs(now - row.stalledAt) / STALL_PART, STALL_CAP_MS)
  return Math.abs(now - (tended.get(id) ?? 0)) >= pause
}

async function tick(context: NodeContext, { tended }: Watch, id: GroupId): Promise<void> {
  tended.set(id, context.clock.now())
  await transact(context, async (tx) => {
    const opened = await readGroup(context, tx, id)
    if (opened !== undefined) await stepGroup(context, tx, id, opened, { kind: 'tick' })
  })
}

/** True while one has to be tried again. */
async function sendInvites(context: NodeContext, { tries }: Watch): Promise<boolean> {
  const invites = await invitesTable.list(context.store, [])
  for (const { parts } of invites) {
    const number = parts[0] as number
    const known = tries.get(number) ?? { at: 0, delays: delays(context.crypto) }
    const now = context.clock.now()
    if (now < known.at && known.at - now <= RETRY_CAP_MS) continue
    try {
      await invite(context, number)
      tries.delete(number)
    } catch (error) {
      context.closing.throwIfAborted()
      context.logger.warn('groups: a joiner was not reached', { code: codeOf(error) })
      tries.set(number, { at: now + known.delays.next(), delays: known.delays })
    }
  }
  return (await invitesTable.list(context.store, [], { limit: 1 })).length > 0
}

/** What cannot be done later either. */
const HOPELESS = [
  'messenger/own-account',
  'messenger/unknown-account',
  'messenger/unknown-group',
  'messenger/left-group',
  'messenger/not-admin',
  'messenger/group-full',
  'messenger/change-refused',
]

async function invite(context: NodeContext, number: number): Promise<void> {
  const row = await invitesTable.get(context.store, number)
  if (row === undefined) return
  try {
    if (row.content.length > 0) return await deliverInvite(context, number)
    const io = { signal: context.closing }
    await addToGroup(context, row.group as GroupId, [row.account as AccountId], io)
  } catch (error) {
    if (!HOPELESS.some((code) => isHyphaeError(error, code))) throw error
  }
  await transact(context, async (tx) => {
    invitesTable.delete(tx, number)
    tx.after(() => context.signals.stored.fire())
  })
}
