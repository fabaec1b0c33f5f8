// Rules that every step of every honest log must keep, said a second time and simply: who may commit what by the roles
// of the parent epoch, what goes first, and that two commits of one member are noticed.
import { equalBytes, toHex } from '@hyphae/core'
import {
  type GroupState,
  isActive,
  type Member,
  members,
  type Right,
  type Roles,
  rolesOf,
} from '../../src/index.js'
import type { Effect } from '../../src/order/effect.js'
import type { CommitLink, EpochNode, GroupLog } from '../../src/order/log.js'
import { accountIn, deviceIn } from './people.js'

export interface Oracle {
  /** What is wrong with this step of a log; undefined when nothing is. */
  judge(before: GroupLog | null, log: GroupLog, effects: readonly Effect[]): string | undefined
}

const STRENGTH: Readonly<Record<Right, number>> = { rotation: 1, members: 2, full: 3 }

const accountOf = ({ credential }: Pick<Member, 'credential'>): string => toHex(accountIn(credential))

function strength(roles: Roles, account: string): number {
  const admin = roles.admins.find((one) => toHex(one.account) === account)
  return admin === undefined ? 0 : STRENGTH[admin.right]
}

function sameRoles(a: Roles, b: Roles): boolean {
  const text = (roles: Roles): string =>
    JSON.stringify([
      roles.inviteRule,
      roles.externalJoinRule,
      toHex(roles.creator),
      roles.admins.map(({ account, right }) => `${toHex(account)} ${right}`).sort(),
    ])
  return text(a) === text(b)
}

/** The right that a commit needs by the roles of its parent. */
function needed(
  parent: GroupState,
  roles: Roles,
  link: CommitLink,
  after: Roles,
  leavers: ReadonlySet<string>,
): number {
  const own = accountOf(link.committer)
  const known = new Set(members(parent).map(accountOf))
  const needs = [sameRoles(roles, after) ? 0 : STRENGTH.full]
  for (const one of link.added) {
    const account = accountOf(one)
    const open = account === own || (roles.inviteRule === 'members' && !known.has(account))
    if (strength(roles, account) > 0 && account !== own) needs.push(STRENGTH.full)
    else needs.push(open ? 0 : STRENGTH.members)
  }
  for (const one of link.removed) {
    const account = accountOf(one)
    const free = account === own || leavers.has(deviceIn(one.credential))
    if (!free) needs.push(strength(roles, account) > 0 ? STRENGTH.full : STRENGTH.members)
  }
  return Math.max(...needs)
}

function roleFault(parent: EpochNode, node: EpochNode, leavers: ReadonlySet<string>): string | undefined {
  const { link } = node
  const before = rolesOf(parent.state)
  if (link === null || before === null || !isActive(node.state)) return undefined
  const after = rolesOf(node.state)
  const who = deviceIn(link.committer.credential)
  if (after === null) return `${who} has abolished the roles`
  const has = strength(before, accountOf(link.committer))
  const asks = needed(parent.state, before, link, after, leavers)
  if (asks > has) return `${who} with right ${has} has committed what asks for ${asks}`
  const present = new Set(members(node.state).map(accountOf))
  const led = after.admins.some(({ account, right }) => right === 'full' && present.has(toHex(account)))
  return led ? undefined : `${who} has left the group without an admin`
}

/** Siblings on which nothing has been built, so that nothing but themselves can decide. */
function choiceFault(nodes: readonly EpochNode[], tip: EpochNode): string | undefined {
  if (tip.link === null || tip.link.privileged) return undefined
  const rival = nodes.find(
    ({ parent, tag, link }) =>
      parent === tip.parent &&
      link?.privileged === true &&
      link.published &&
      !nodes.some((one) => one.parent === tag),
  )
  if (rival?.link == null) return undefined
  return `${deviceIn(rival.link.committer.credential)}'s privileged commit has lost to an ordinary one`
}

function proofFault(log: GroupLog, nodes: readonly EpochNode[], node: EpochNode): string | undefined {
  const { link, parent } = node
  // Who is removed by one of them cannot tell it from the same commit sealed once more.
  if (!node.active) return undefined
  const twin = nodes.find(
    (one) =>
      one.active &&
      one.tag !== node.tag &&
      one.parent === parent &&
      one.link?.committer.leaf === link?.committer.leaf &&
      link !== null,
  )
  if (twin === undefined || link === null) return undefined
  const known = log.evidence.some(({ committer }) =>
    equalBytes(committer.signatureKey, link.committer.signatureKey),
  )
  return known
    ? undefined
    : `two commits of ${deviceIn(link.committer.credential)} in one epoch went unnoticed`
}

/** One less than the horizon: so many commits of one member that only refresh it may stand in a row. */
const LONGEST_IDLE_RUN = 4

function spamFault(log: GroupLog): string | undefined {
  let [run, actor] = [0, '']
  for (let tag: string | null = log.tip; tag !== null; tag = log.nodes.get(tag)?.parent ?? null) {
    const link = log.nodes.get(tag)?.link
    const idle = link != null && !link.privileged && link.added.length + link.removed.length === 0
    const account = link == null ? '' : accountOf(link.committer)
    run = idle ? (account === actor ? run + 1 : 1) : 0
    actor = account
    if (run > LONGEST_IDLE_RUN) return `${run} commits in a row in which one member only refreshes itself`
  }
  return undefined
}

function branchOf(log: GroupLog | null): EpochNode[] {
  const branch: EpochNode[] = []
  for (let node = log?.nodes.get(log.tip); node !== undefined; node = log?.nodes.get(node.parent ?? ''))
    branch.push(node)
  return branch
}

/** The epochs that a step may have stood in: where it began, and those of its branch that it was not on before. */
function passed(before: GroupLog | null, after: GroupLog): GroupState[] {
  const [old, now] = [branchOf(before), branchOf(after)]
  const known = new Set(old.map(({ tag }) => tag))
  const fresh = now.filter(({ tag }, index) => index === 0 || !known.has(tag))
  return [...old.slice(0, 1), ...fresh].map(({ state }) => state)
}

/** A step may go on to another epoch, read, and go on: one of these must know the sender. */
function strangerFault(
  before: GroupLog | null,
  after: GroupLog,
  effects: readonly Effect[],
): string | undefined {
  const present = passed(before, after).flatMap((state) => members(state))
  for (const effect of effects) {
    if (before === null || effect.kind !== 'event' || effect.event.kind !== 'message') continue
    const { sender } = effect.event
    if (!present.some(({ signatureKey }) => equalBytes(signatureKey, sender.signatureKey)))
      return `a message of ${deviceIn(sender.credential)} was shown, who is no member`
  }
  return undefined
}

/** @param leavers devices that have asked to leave: anybody may commit that */
export function oracle(leavers: ReadonlySet<string>): Oracle {
  const judged = new Set<string>()
  return {
    judge: (before, log, effects) => {
      const nodes = [...log.nodes.values()]
      const tip = log.nodes.get(log.tip) as EpochNode
      const fault = strangerFault(before, log, effects) ?? choiceFault(nodes, tip) ?? spamFault(log)
      if (fault !== undefined) return fault
      for (const node of nodes) {
        const parent = node.parent === null ? undefined : log.nodes.get(node.parent)
        if (parent === undefined) continue
        const wrong =
          proofFault(log, nodes, node) ??
          (judged.has(node.tag) ? undefined : roleFault(parent, node, leavers))
        judged.add(node.tag)
        if (wrong !== undefined) return wrong
      }
      return undefined
    },
  }
}
