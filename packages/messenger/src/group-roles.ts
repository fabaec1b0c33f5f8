/**
 * Changes of roles that lost to a rival: what an admin wanted is a change, and not that the rival's is undone
 * (spec/messenger.md section 5). Knows no store.
 */
import { equalBytes } from '@hyphae/core'
import { type Admin, type Roles, rolesOf } from '@hyphae/mls'
import type { GroupLog, PendingIntent } from '@hyphae/mls/order'
import { groupRoles } from './group-log.js'
import { MAX_GROUP_ADMINS } from './limits.js'

const has = (admins: readonly Admin[], { account, right }: Admin): boolean =>
  admins.some((one) => equalBytes(one.account, account) && one.right === right)

const names = (admins: readonly Admin[], { account }: Admin): boolean =>
  admins.some((one) => equalBytes(one.account, account))

/** `now`, with what `wanted` changed of `base`. */
export function rebaseRoles(base: Roles, wanted: Roles, now: Roles): Roles {
  const given = wanted.admins.filter((one) => !has(base.admins, one))
  const taken = base.admins.filter((one) => !names(wanted.admins, one))
  const kept = now.admins.filter((one) => !names(given, one) && !names(taken, one))
  return { ...now, admins: [...kept, ...given] }
}

function isSame(a: Roles, b: Roles): boolean {
  return a.admins.length === b.admins.length && a.admins.every((one) => has(b.admins, one))
}

/** The roles that stood where the commit of an intent began. */
function baseOf(before: GroupLog, carrier: string | null): Roles | null {
  const lost = carrier === null ? undefined : before.nodes.get(carrier)
  const parent = lost === undefined || lost.parent === null ? undefined : before.nodes.get(lost.parent)
  return parent === undefined ? null : rolesOf(parent.state)
}

/** Intents that were reopened in this step are for the roles that stand now; those that change nothing go. */
export function rebaseIntents(before: GroupLog, after: GroupLog): GroupLog {
  const change = (pending: PendingIntent): PendingIntent[] => {
    const { id, intent, carrier } = pending
    const old = before.intents.find((one) => one.id === id)
    if (intent.kind !== 'roles' || carrier !== null || old === undefined || old.carrier === null)
      return [pending]
    const base = baseOf(before, old.carrier)
    if (base === null) return []
    const now = groupRoles(after)
    const roles = rebaseRoles(base, intent.roles, now)
    const senseless = isSame(roles, now) || roles.admins.length > MAX_GROUP_ADMINS
    return senseless ? [] : [{ ...pending, intent: { kind: 'roles', roles } }]
  }
  if (!after.intents.some(({ intent }) => intent.kind === 'roles')) return after
  return { ...after, intents: after.intents.flatMap(change) }
}
