/** What a group's log tells: messages into the log of messages, changes to the app, and what has to be done again. */
import { type AccountId, toHex } from '@hyphae/core'
import type { Member } from '@hyphae/mls'
import type { OrderEvent } from '@hyphae/mls/order'
import type { NodeContext, Work } from './context.js'
import { groupMember, makeKeyPackage } from './credential.js'
import type { MessengerEvent } from './events.js'
import { noteGroupMail } from './group-boxes.js'
import { GROUP_CONTENT_AAD, receiveGroupContent } from './group-content.js'
import type { Follow, Performing } from './group-effects.js'
import { hearMember } from './group-keys.js'
import { groupRoles, presentMembers, tipOf } from './group-log.js'
import { groupSentTable } from './group-rows.js'
import { keepInvite } from './group-welcome.js'
import { keyPackageHash } from './joiners.js'
import { reportRefusal } from './refuse.js'
import { keyPackagesTable, logTable } from './rows.js'

type EventOf<K extends OrderEvent['kind']> = Extract<OrderEvent, { kind: K }>

/** Intents that come to nothing without a loss: somebody has done it, or they are tried in another way. */
const SILENT_REASONS = ['done-by-another', 'invitation-void', 'removed']

/** What the log is to be told in turn. */
export async function tell(
  context: NodeContext,
  tx: Work,
  doing: Performing,
  by: Follow,
  event: OrderEvent,
): Promise<Follow[]> {
  const { id } = doing
  const emit = (told: MessengerEvent): void => tx.after(() => context.emit(told))
  const refuse = (code: string): void => tx.after(() => reportRefusal(context, 'group', code))
  switch (event.kind) {
    case 'message':
      await receiveMessage(context, tx, doing, event)
      break
    case 'sent':
      if (by.number !== undefined) groupSentTable.put(tx, by.number, id, event.id)
      break
    case 'stranded':
      return sendAgain(tx, doing, event)
    case 'epoch':
      await changeEpoch(tx, doing, by, event, emit)
      break
    case 'removed':
      leave(context, doing, emit)
      break
    case 'key-package-needed':
      return offer(context, tx)
    case 'invitation-void':
      for (const account of accountsOf(event.members))
        await keepInvite(context, tx, { group: id, account, content: new Uint8Array(), message: '' })
      break
    case 'intent-dropped':
      if (!SILENT_REASONS.includes(event.reason)) refuse(event.reason)
      break
    case 'refused':
      refuse(event.code)
      break
    case 'late':
      refuse('mls/wrong-epoch')
      break
    case 'overflow':
      refuse('mls/too-far-ahead')
      break
    case 'stalled':
      emit({ type: 'group-stalled', group: id })
      break
    case 'recovered':
      emit({ type: 'group-recovered', group: id })
      break
    case 'equivocation':
      emit({ type: 'group-equivocation', group: id, account: groupMember(event.evidence.committer).account })
      break
    case 'admission-asked':
      emit({ type: 'group-admission-asked', group: id, account: groupMember(event.member).account })
  }
  return []
}

async function receiveMessage(
  context: NodeContext,
  tx: Work,
  { id, log }: Performing,
  { sender, epoch, plaintext }: EventOf<'message'>,
): Promise<void> {
  const from = groupMember(sender)
  const nodes = [...log.nodes.values()].filter((node) => node.epoch === epoch)
  // Of two branches it is not said in which it was sent.
  const [node] = nodes
  if (node !== undefined && nodes.length === 1) await hearMember(tx, id, from.device, node.tag)
  await receiveGroupContent(context, tx, id, { sender: from, members: presentMembers(log) }, plaintext)
}

/** Some may never read what was sent on a branch that lost; those who have know it again by its id. */
async function sendAgain(tx: Work, { id, log }: Performing, { ids }: EventOf<'stranded'>): Promise<Follow[]> {
  if (!tipOf(log).active) return []
  const again: Follow[] = []
  for (const name of ids) {
    const number = await groupSentTable.get(tx, id, name)
    const content = number === undefined ? undefined : (await logTable.get(tx, number))?.content
    if (number === undefined || content === undefined) continue
    again.push({ input: { kind: 'message', plaintext: content, aad: GROUP_CONTENT_AAD }, number })
  }
  return again
}

const accountsOf = (members: readonly Member[]): AccountId[] => [
  ...new Set(members.map((member) => groupMember(member).account)),
]

async function changeEpoch(
  tx: Work,
  doing: Performing,
  { input }: Follow,
  { added, removed }: EventOf<'epoch'>,
  emit: (event: MessengerEvent) => void,
): Promise<void> {
  const { id, before, log, row } = doing
  if (input.kind === 'envelope') await noteGroupMail(tx, id)
  if (tipOf(log).active && !row.active) {
    // The commit that had removed this device has lost.
    doing.row = { ...row, active: true, removedAt: 0 }
    emit({ type: 'group-joined', group: id, name: row.name })
  }
  const [came, went] = [accountsOf(added), accountsOf(removed)]
  const changed = JSON.stringify(rolesText(before)) !== JSON.stringify(rolesText(log))
  if (came.length + went.length > 0 || changed)
    emit({
      type: 'group-changed',
      group: id,
      added: came.filter((account) => !went.includes(account)),
      removed: went.filter((account) => !came.includes(account)),
    })
}

function rolesText(log: Performing['log']): string[] {
  return groupRoles(log).admins.map(({ account, right }) => `${right} ${toHex(account)}`)
}

/** By the commit of another it may yet lose, so its mail is read on for a while. */
function leave(context: NodeContext, doing: Performing, emit: (event: MessengerEvent) => void): void {
  if (!doing.row.active) return
  doing.row = { ...doing.row, active: false, removedAt: Math.max(1, context.clock.now()) }
  emit({ type: 'group-left', group: doing.id })
}

/** This device cannot follow, and asks to be added anew. */
async function offer(context: NodeContext, tx: Work): Promise<Follow[]> {
  const row = await makeKeyPackage(context, false)
  keyPackagesTable.put(tx, row, keyPackageHash(context, row.keyPackage))
  return [{ input: { kind: 'key-package', keyPackage: row.keyPackage } }]
}
