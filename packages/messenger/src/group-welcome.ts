/**
 * Welcomes: what a device that joins is sent in its session, at once where there is one, or as soon as one has been
 * prepared (spec/messenger.md section 5).
 */
import { encodeMessage } from '@hyphae/content'
import { type AccountId, equalBytes, type GroupId, idBytes, type MessageId } from '@hyphae/core'
import { readKeyPackage } from '@hyphae/mls'
import type { Effect, GroupLog } from '@hyphae/mls/order'
import { findContact } from './contacts.js'
import { type NodeContext, transact, type Work } from './context.js'
import { type GroupWelcomeBody, groupWelcomeContent } from './control.js'
import { groupMember } from './credential.js'
import { invitesTable } from './group-rows.js'
import { prepareSessions } from './handshake.js'
import type { Joiner } from './joiners.js'
import { newMessage } from './message.js'
import { welcomesTable } from './rows.js'
import { sendToContact } from './sessions.js'
import { nextNumber } from './table.js'

export type Recipient = Pick<Joiner, 'contact' | 'prepared'>

export interface Welcome {
  readonly group: GroupId
  readonly name: string
  readonly keyPackages: readonly Uint8Array[]
  readonly welcome: Uint8Array
  readonly accounts: readonly AccountId[]
}

/** A Welcome of the log, with the KeyPackages that it is for: those of the intents behind it. */
export function welcomeOf(
  group: GroupId,
  name: string,
  { welcome, members }: Extract<Effect, { kind: 'welcome' }>,
  logs: readonly GroupLog[],
): Welcome {
  const offered = logs.flatMap(({ intents }) =>
    intents.flatMap(({ intent }) =>
      intent.kind === 'add' || intent.kind === 'readd' ? [intent.keyPackage] : [],
    ),
  )
  const isFor = (bytes: Uint8Array): boolean => {
    const { credential } = readKeyPackage(bytes)
    return members.some((member) => equalBytes(member.credential, credential))
  }
  const accounts = [...new Set(members.map((member) => groupMember(member).account))]
  return { group, name, keyPackages: [...new Set(offered)].filter(isFor), welcome, accounts }
}

/** Sends it to those whose sessions are prepared, and keeps it for the others. */
export async function sendWelcome(
  context: NodeContext,
  tx: Work,
  { group, name, keyPackages, welcome, accounts }: Welcome,
  prepared: readonly Recipient[],
): Promise<void> {
  const body: GroupWelcomeBody = {
    group: idBytes(group),
    name,
    keyPackages: keyPackages.map((bytes) => context.crypto.sha256(bytes)),
    welcome,
  }
  const message = newMessage(context, groupWelcomeContent.type, body, [])
  const content = encodeMessage(context.registry, message)
  for (const account of accounts) {
    const recipient = prepared.find(({ contact }) => contact.id === account)
    if (recipient !== undefined) await deliver(context, tx, recipient, message.id, content)
    else await keepInvite(context, tx, { group, account, content, message: message.id })
  }
}

async function deliver(
  context: NodeContext,
  tx: Work,
  { contact, prepared }: Recipient,
  id: MessageId,
  content: Uint8Array,
): Promise<void> {
  const number = (await welcomesTable.get(tx, id)) ?? (await nextNumber(tx, 'log'))
  welcomesTable.put(tx, number, id)
  await sendToContact(context, tx, contact, prepared, content, { id, number, logged: false })
}

/** To be done when the account can be reached; without a content, it is to be invited first. */
export async function keepInvite(
  context: NodeContext,
  tx: Work,
  invite: {
    readonly group: GroupId
    readonly account: AccountId
    readonly content: Uint8Array
    readonly message: string
  },
): Promise<void> {
  invitesTable.put(tx, invite, await nextNumber(tx, 'invite'))
  tx.after(() => context.signals.groups.fire())
}

/** Sends a Welcome that was kept. @throws as `findContact` and `prepareSessions`, when it has to wait on */
export async function deliverInvite(context: NodeContext, number: number): Promise<void> {
  const invite = await invitesTable.get(context.store, number)
  if (invite === undefined) return
  const io = { signal: context.closing }
  const contact = await findContact(context, invite.account as AccountId, io)
  const prepared = await prepareSessions(context, contact, io)
  await transact(context, async (tx) => {
    if ((await invitesTable.get(tx, number)) === undefined) return
    invitesTable.delete(tx, number)
    await deliver(context, tx, { contact, prepared }, invite.message as MessageId, invite.content)
  })
}
