// Groups with roles: accounts with several devices, whose credentials are `ok:<account>/<device>`.
import {
  accounts,
  addMembers,
  type CommitEvent,
  createGroup,
  createKeyPackage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  type MlsContext,
  members,
  type Processed,
  processMessage,
  type Right,
  type RoleOptions,
  type Roles,
  rolesOf,
} from '../../src/index.js'
import { at, type Device, type DeviceOptions, device, GROUP_ID, string, text } from '../helpers.js'

export const accountIn = (credential: Uint8Array): Uint8Array =>
  text(string(credential).replace('ok:', '').replace(/\/.*/, ''))

/** A device named `account` or `account/device`. */
export function accountDevice(name: string, options: DeviceOptions = {}): Device {
  const made = device(name, options)
  const ctx: MlsContext = { ...made.ctx, accountOf: accountIn }
  return { ...made, ctx }
}

export interface Party {
  readonly device: Device
  state: GroupState
}

export type Parties = Record<string, Party>

export const CLOSED: RoleOptions = { inviteRule: 'admins', externalJoinRule: 'nobody' }

/** The first name creates the group and adds all others at once. */
export async function roleGroup(
  names: readonly string[],
  roles: RoleOptions | null = CLOSED,
): Promise<Parties> {
  const devices = names.map((name) => accountDevice(name))
  const [creator, ...others] = devices as [Device, ...Device[]]
  const alone = await createGroup(creator.ctx, creator.identity, GROUP_ID, roles ?? undefined)
  if (others.length === 0) return { [at(names, 0)]: { device: creator, state: alone } }
  const offers = await Promise.all(others.map(({ ctx, identity }) => createKeyPackage(ctx, identity)))
  const packages = offers.map(({ keyPackage }) => keyPackage)
  const added = await addMembers(creator.ctx, alone, packages)
  const parties: Parties = { [at(names, 0)]: { device: creator, state: added.state } }
  for (const [i, other] of others.entries()) {
    const state = await joinGroup(other.ctx, { ...at(offers, i), welcome: added.welcome })
    parties[other.name] = { device: other, state }
  }
  return parties
}

export function party(parties: Parties, name: string): Party {
  const found = parties[name]
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}

export function leafOf(parties: Parties, name: string): number {
  const { state, device: own } = party(parties, name)
  const found = members(state).find(
    ({ credential }) => string(credential) === string(own.identity.credential),
  )
  if (found === undefined) throw new Error(`${name} is not in the group`)
  return found.leaf
}

/** Everybody but the sender reads it; the event that they all see. */
export async function broadcast(parties: Parties, from: string, message: Uint8Array): Promise<CommitEvent> {
  const events: CommitEvent[] = []
  for (const [name, one] of Object.entries(parties)) {
    if (name === from) continue
    const { state, event }: Processed = await processMessage(one.device.ctx, one.state, message)
    one.state = state
    if (event.kind === 'commit') events.push(event)
  }
  return at(events, 0)
}

export function inOneEpoch(parties: Parties): boolean {
  const seen = Object.values(parties).map(({ state }) => epochAuthenticator(state).join())
  return new Set(seen).size === 1
}

export function withAdmins(state: GroupState, admins: Record<string, Right>): Roles {
  const now = rolesOf(state)
  if (now === null) throw new Error('a group of equals')
  return {
    ...now,
    admins: Object.entries(admins).map(([account, right]) => ({ account: text(account), right })),
  }
}

/** Account names with the number of their devices. */
export function roster({ device: { ctx }, state }: Party): Record<string, number> {
  return Object.fromEntries(accounts(ctx, state).map((one) => [string(one.account), one.devices.length]))
}
