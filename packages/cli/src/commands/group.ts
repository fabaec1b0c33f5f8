/** `hyphae group`: groups of accounts, changed by their admins. */
import { type AccountId, type GroupId, isHyphaeError } from '@hyphae/core'
import { accountKey } from '@hyphae/identity'
import type { Group, Messenger } from '@hyphae/messenger'
import type { Call, Command } from '../command.js'
import { deadline } from '../deadline.js'
import { DELIVERY_HELP, DELIVERY_OPTIONS, deliver, readOutgoing, readWish, timeoutMs } from '../delivery.js'
import { CliError, UsageError } from '../errors.js'
import { type OpenNode, withNode } from '../node.js'
import { printableLine } from '../output.js'

export const group: Command = {
  usage: [
    'hyphae group create NAME ACCOUNT…',
    'hyphae group list',
    'hyphae group members ID',
    'hyphae group add ID ACCOUNT…',
    'hyphae group remove ID ACCOUNT…',
    'hyphae group promote ID ACCOUNT…',
    'hyphae group demote ID ACCOUNT…',
    'hyphae group send ID TEXT…',
    'hyphae group leave ID',
  ],
  help: `ID is a group's id or as many of its first digits as tell it apart. Only admins change
a group: who created it, and whom they promote. To leave is to ask the others; the next
\`hyphae listen\` of any of them does it.

Options of send:
${DELIVERY_HELP}`,
  options: DELIVERY_OPTIONS,
  run: runGroup,
}

type Action = (call: Call, words: readonly string[]) => Promise<void>

const ACTIONS: Readonly<Record<string, Action>> = {
  create: runCreate,
  list: runList,
  members: runMembers,
  add: (call, words) => runChange(call, 'add', words),
  remove: (call, words) => runChange(call, 'remove', words),
  promote: (call, words) => runRole(call, 'admin', words),
  demote: (call, words) => runRole(call, 'member', words),
  send: runSend,
  leave: runLeave,
}

async function runGroup(call: Call): Promise<void> {
  const [name, ...words] = call.args.words
  const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action === undefined) throw new UsageError(`Say what to do: ${Object.keys(ACTIONS).join(', ')}.`)
  if (name !== 'send' && (call.args.text('file') ?? call.args.text('wait')) !== undefined)
    throw new UsageError('--file and --wait belong to `hyphae group send`.')
  await action(call, words)
}

async function runCreate(call: Call, words: readonly string[]): Promise<void> {
  const [name, ...accounts] = words
  if (name === undefined || name === '') throw new UsageError('Give the group a name.')
  const members = accountsOf(accounts)
  await withNode(call, async (open) => {
    const made = await open.node.createGroup({ name, members, signal: call.io.signal })
    await call.print.result(await groupResult(made), made.id)
    await leaveOutbox(call, open)
  })
}

async function runList(call: Call, words: readonly string[]): Promise<void> {
  if (words.length > 0) throw new UsageError('group list takes no words.')
  await withNode(call, async ({ node }) => {
    const groups = await node.groups()
    for (const one of groups) {
      const role = !(await one.isActive())
        ? 'left'
        : (await one.admins()).includes(node.id)
          ? 'admin'
          : 'member'
      await call.print.result(
        await groupResult(one),
        `${one.id}  ${role.padEnd(6)}  ${printableLine(one.name)}`,
      )
    }
    if (groups.length === 0) await call.print.note('No groups yet: hyphae group create NAME ACCOUNT…')
  })
}

async function runMembers(call: Call, words: readonly string[]): Promise<void> {
  const [prefix, ...rest] = words
  if (prefix === undefined || rest.length > 0) throw new UsageError('Name one group by its id.')
  await withNode(call, async ({ node }) => {
    const found = await findGroup(node, prefix)
    const admins = await found.admins()
    for (const account of await found.members()) {
      const admin = admins.includes(account)
      await call.print.result(
        { type: 'member', group: found.id, account, admin },
        admin ? `${account}  admin` : account,
      )
    }
  })
}

async function runChange(call: Call, change: 'add' | 'remove', words: readonly string[]): Promise<void> {
  const [prefix, ...accounts] = words
  if (prefix === undefined || accounts.length === 0)
    throw new UsageError(`Name the group and the accounts to ${change}.`)
  const members = accountsOf(accounts)
  await withNode(call, async (open) => {
    const found = await findGroup(open.node, prefix)
    if (change === 'add') await found.add(members, { signal: call.io.signal })
    else await found.remove(members)
    const count = (await found.members()).length
    await call.print.result(
      await groupResult(found),
      `${printableLine(found.name)}: ${count} ${count === 1 ? 'member' : 'members'}`,
    )
    await leaveOutbox(call, open)
  })
}

async function runRole(call: Call, role: 'admin' | 'member', words: readonly string[]): Promise<void> {
  const [prefix, ...accounts] = words
  if (prefix === undefined || accounts.length === 0) throw new UsageError('Name the group and the accounts.')
  const members = accountsOf(accounts)
  await withNode(call, async (open) => {
    const found = await findGroup(open.node, prefix)
    for (const account of members) await found.setRole(account, role)
    const count = (await found.admins()).length
    await call.print.result(
      await groupResult(found),
      `${printableLine(found.name)}: ${count} ${count === 1 ? 'admin' : 'admins'}`,
    )
    await leaveOutbox(call, open)
  })
}

async function runSend(call: Call, words: readonly string[]): Promise<void> {
  const [prefix, ...text] = words
  if (prefix === undefined) throw new UsageError('Name the group by its id.')
  const wish = readWish(call, 'group')
  const outgoing = await readOutgoing(call, text)
  await withNode(call, async (open) =>
    deliver(call, open, await findGroup(open.node, prefix), outgoing, wish),
  )
}

async function runLeave(call: Call, words: readonly string[]): Promise<void> {
  const [prefix, ...rest] = words
  if (prefix === undefined || rest.length > 0) throw new UsageError('Name one group by its id.')
  await withNode(call, async (open) => {
    const found = await findGroup(open.node, prefix)
    await found.leave().catch((error: unknown) => {
      throw isHyphaeError(error, 'messenger/admin-stays') ? new CliError('cli/admin-cannot-leave') : error
    })
    await call.print.result({ type: 'leaving', group: found.id }, found.id)
    await leaveOutbox(call, open)
    await call.print.note('Asked to be removed; the group ends here when another member has been online.')
  })
}

/** Every device of the others hears of it only when it has left: waits until a relay has it. */
async function leaveOutbox(call: Call, open: OpenNode): Promise<void> {
  const ms = timeoutMs(call.args)
  const { signal, release } = deadline(call.io.clock, ms, call.io.signal)
  const left = await open.flush(signal)
  release()
  if (left) return
  if (call.io.signal.aborted) throw new CliError('cli/interrupted')
  throw new CliError('cli/not-stored', { details: { seconds: ms / 1000 } })
}

/** @throws CliError `cli/unknown-group`, `cli/ambiguous-group` */
async function findGroup(node: Messenger, prefix: string): Promise<Group> {
  const digits = prefix.toLowerCase()
  const found = (await node.groups()).filter((one) => digits !== '' && one.id.startsWith(digits))
  if (found.length > 1) throw new CliError('cli/ambiguous-group', { details: { groups: found.length } })
  if (found[0] === undefined) throw new CliError('cli/unknown-group')
  return found[0]
}

/** @throws UsageError for a text that is no account id */
function accountsOf(texts: readonly string[]): AccountId[] {
  return texts.map((text) => {
    try {
      accountKey(text)
      return text as AccountId
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      throw new UsageError(`"${printableLine(text)}" is not an account id (hyphae1…).`)
    }
  })
}

async function groupResult(one: Group): Promise<{ type: 'group'; id: GroupId } & Record<string, unknown>> {
  const active = await one.isActive()
  return { type: 'group', id: one.id, name: one.name, admin: one.admin, active, members: await one.members() }
}
