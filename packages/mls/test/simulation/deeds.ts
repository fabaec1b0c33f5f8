// What honest members do: each asks its own log, as a program would.
import { toHex } from '@hyphae/core'
import { type GroupState, type Member, members, type Roles, rolesOf } from '../../src/index.js'
import type { Intent } from '../../src/order/intent.js'
import { text } from '../helpers.js'
import type { Device } from './device.js'
import { accountIn, deviceIn } from './people.js'
import type { Action, Deed } from './plan.js'

export interface Cast {
  readonly devices: ReadonlyMap<string, Device>
  fail(what: string, error: unknown): void
}

/** The state that a running device is in, if it is in the group. */
export function stateOf({ running }: Device): GroupState | null {
  const log = running?.log
  const tip = log?.nodes.get(log.tip)
  return tip?.active === true ? tip.state : null
}

export function memberCalled(state: GroupState, name: string): Member | undefined {
  return members(state).find(({ credential }) => deviceIn(credential) === name)
}

export function promoted(
  now: Roles,
  account: Uint8Array,
  right: Extract<Deed, { kind: 'promote' }>['right'],
): Roles {
  const others = now.admins.filter((admin) => toHex(admin.account) !== toHex(account))
  return { ...now, admins: right === null ? others : [...others, { account, right }] }
}

export async function invite(cast: Cast, by: Device, whom: string): Promise<void> {
  const target = cast.devices.get(whom)
  const state = stateOf(by)
  if (state === null || target?.running === undefined || memberCalled(state, whom) !== undefined) return
  const keyPackage = await target.running.offer()
  by.running?.take({ kind: 'intent', intent: { kind: 'add', keyPackage } })
}

/** An honest member does it if it is up and in the group; otherwise nothing happens. */
export async function perform(cast: Cast, action: Action): Promise<void> {
  const by = cast.devices.get(action.who)
  const state = by === undefined ? null : stateOf(by)
  if (by?.running === undefined || state === null) return
  const { deed } = action
  const want = (intent: Intent): void => take(by, intent)
  switch (deed.kind) {
    case 'say':
      return by.running.take({
        kind: 'message',
        plaintext: text(`${action.who} at ${action.atMs}`),
        aad: text(''),
      })
    case 'update':
      return want({ kind: 'update' })
    case 'leave':
      return want({ kind: 'leave' })
    case 'invite':
      return invite(cast, by, deed.whom)
    case 'expel': {
      const member = memberCalled(state, deed.whom)
      if (member !== undefined && deed.whom !== action.who)
        want({ kind: 'remove', signatureKey: member.signatureKey })
      return
    }
    case 'promote': {
      const now = rolesOf(state)
      const member = memberCalled(state, deed.whom)
      if (now !== null && member !== undefined)
        want({ kind: 'roles', roles: promoted(now, accountIn(member.credential), deed.right) })
    }
  }
}

function take(by: Device, intent: Intent): void {
  by.running?.take({ kind: 'intent', intent })
}
