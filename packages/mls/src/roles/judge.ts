/**
 * Whether a transition is allowed, by the roles of the state it starts from (spec/group.md section 11). A pure
 * function over accounts and leaves: knows no cryptography, no bytes and no order of commits.
 *
 * Always the parent's roles: two admins who demote each other in one epoch are both in the right, and the
 * order of the two commits decides; whoever lost is judged anew by the state that won.
 */
import type { Right, Roles } from './roles.js'

/** An account as a comparable name: the hexadecimal of its bytes. */
export type AccountName = string

export interface RoleAdmin {
  readonly account: AccountName
  readonly right: Right
}

/** Roles with comparable accounts. */
export interface RoleRules extends Pick<Roles, 'inviteRule' | 'externalJoinRule'> {
  readonly creator: AccountName
  readonly admins: readonly RoleAdmin[]
}

/** The account of every leaf that is in the tree, asked for one by one where that is enough. */
export interface LeafAccounts extends Iterable<readonly [number, AccountName]> {
  get(leaf: number): AccountName | undefined
}

export interface RoleView {
  /** Null in a group without roles: everybody may do everything but come in from outside. */
  readonly rules: RoleRules | null
  readonly accounts: LeafAccounts
}

export type Committer =
  | { readonly kind: 'member'; readonly leaf: number }
  /** `sameDevice`: the leaf that it removes carries its very credential. */
  | { readonly kind: 'newcomer'; readonly account: AccountName; readonly sameDevice: boolean }

export interface RoleTransition {
  readonly committer: Committer
  readonly added: readonly AccountName[]
  /** `left`: its own member proposed it, and the commit names that proposal. */
  readonly removed: readonly { readonly leaf: number; readonly left: boolean }[]
  /** Leaves of others whose own pending update is committed. */
  readonly updated: readonly number[]
  /** The roles after it; the parent's when they stay. */
  readonly rules: RoleRules | null
}

export type Refusal = 'add' | 'remove' | 'update' | 'roles' | 'external-join' | 'no-admin'

export type RoleVerdict =
  /** `privileged`: no ordinary member could have made it, so it goes before what anyone may do. */
  | { readonly allowed: true; readonly privileged: boolean }
  | { readonly allowed: false; readonly reason: Refusal }

const ORDINARY: RoleVerdict = { allowed: true, privileged: false }
const PRIVILEGED: RoleVerdict = { allowed: true, privileged: true }
const refuse = (reason: Refusal): RoleVerdict => ({ allowed: false, reason })

const STRENGTH: Readonly<Record<Right, number>> = { rotation: 1, members: 2, full: 3 }
/** Beyond every right: no role of the group permits it. */
const NEVER = 4

function rightOf(rules: RoleRules, account: AccountName): number {
  const admin = rules.admins.find((one) => one.account === account)
  return admin === undefined ? 0 : STRENGTH[admin.right]
}

function sameRules(a: RoleRules | null, b: RoleRules | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function hasLeaf(view: RoleView, account: AccountName): boolean {
  for (const [, present] of view.accounts) if (present === account) return true
  return false
}

/** The accounts that have a leaf after the transition. */
function accountsAfter(view: RoleView, transition: RoleTransition): Set<AccountName> {
  const gone = new Set(transition.removed.map(({ leaf }) => leaf))
  const staying = [...view.accounts].filter(([leaf]) => !gone.has(leaf)).map(([, account]) => account)
  const { committer } = transition
  const outside = committer.kind === 'newcomer' ? [committer.account] : []
  return new Set([...staying, ...transition.added, ...outside])
}

/** Never zero admins: somebody who may do anything is in the group afterwards. */
function isLed(rules: RoleRules, present: ReadonlySet<AccountName>): boolean {
  return rules.admins.some(({ account, right }) => right === 'full' && present.has(account))
}

function neededToAdd(view: RoleView, rules: RoleRules, own: AccountName, account: AccountName): number {
  if (account === own) return 0
  if (rightOf(rules, account) > 0) return STRENGTH.full
  const isMember = hasLeaf(view, account)
  return rules.inviteRule === 'members' && !isMember ? 0 : STRENGTH.members
}

function neededToRemove(
  view: RoleView,
  rules: RoleRules,
  own: AccountName,
  { leaf, left }: RoleTransition['removed'][number],
): number {
  const account = view.accounts.get(leaf)
  if (account === undefined) return NEVER
  if (left || account === own) return 0
  return rightOf(rules, account) > 0 ? STRENGTH.full : STRENGTH.members
}

/** A right is given only to who is in the group then: nobody waits outside with more than it left with. */
function rolesFit(before: RoleRules, after: RoleRules | null, present: ReadonlySet<AccountName>): boolean {
  if (after === null || after.creator !== before.creator) return false
  return after.admins.every(
    ({ account, right }) => present.has(account) || rightOf(before, account) >= STRENGTH[right],
  )
}

function judgeMember(
  view: RoleView,
  rules: RoleRules,
  leaf: number,
  transition: RoleTransition,
): RoleVerdict {
  const own = view.accounts.get(leaf)
  if (own === undefined) return refuse('add')
  const right = rightOf(rules, own)
  const { added, removed, updated } = transition
  const same = sameRules(rules, transition.rules)
  // Nothing but its own keys: nobody has to be looked up.
  if (same && added.length + removed.length + updated.length === 0) return ORDINARY
  const present = accountsAfter(view, transition)
  const adding = Math.max(0, ...added.map((account) => neededToAdd(view, rules, own, account)))
  const removing = Math.max(0, ...removed.map((one) => neededToRemove(view, rules, own, one)))
  const updating = updated.length > 0 ? STRENGTH.rotation : 0
  const changing = same ? 0 : STRENGTH.full
  if (adding > right) return refuse('add')
  if (removing > right) return refuse('remove')
  if (updating > right) return refuse('update')
  if (changing > right || !rolesFit(rules, transition.rules, present)) return refuse('roles')
  if (!isLed(transition.rules ?? rules, present)) return refuse('no-admin')
  return Math.max(adding, removing, updating, changing) > 0 ? PRIVILEGED : ORDINARY
}

/** Its Remove targets itself alone: a newcomer that could remove others could take a group over. */
function judgeNewcomer(
  view: RoleView,
  rules: RoleRules,
  { account, sameDevice }: Extract<Committer, { kind: 'newcomer' }>,
  transition: RoleTransition,
): RoleVerdict {
  const { removed, added, updated } = transition
  const own = removed.every(({ leaf }) => view.accounts.get(leaf) === account)
  const alone = removed.length <= 1 && added.length === 0 && updated.length === 0
  if (!own || !alone || !sameRules(rules, transition.rules)) return refuse('external-join')
  const isMember = hasLeaf(view, account)
  const permitted = {
    nobody: false,
    resync: sameDevice,
    devices: isMember,
    anyone: isMember || rightOf(rules, account) === 0,
  }
  return permitted[rules.externalJoinRule] ? ORDINARY : refuse('external-join')
}

/** Without roles all members are equal; what removes or rules over others still goes before what does not. */
function judgeEquals(view: RoleView, transition: RoleTransition): RoleVerdict {
  const { committer, removed, rules } = transition
  if (committer.kind === 'newcomer') return refuse('external-join')
  if (rules !== null) return refuse('roles')
  const own = view.accounts.get(committer.leaf)
  const forced = removed.some(({ leaf, left }) => !left && view.accounts.get(leaf) !== own)
  return forced ? PRIVILEGED : ORDINARY
}

/** Judges a transition by the state it starts from; the same for whoever makes it and whoever reads it. */
export function judgeRoles(view: RoleView, transition: RoleTransition): RoleVerdict {
  const { rules } = view
  if (rules === null) return judgeEquals(view, transition)
  const { committer } = transition
  return committer.kind === 'member'
    ? judgeMember(view, rules, committer.leaf, transition)
    : judgeNewcomer(view, rules, committer, transition)
}
