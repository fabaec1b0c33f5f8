// The group as it is when a schedule begins: the first device has founded it and added all other founders.
import {
  addMembers,
  changeGroup,
  createGroup,
  createKeyPackage,
  type GroupState,
  joinGroup,
  processMessage,
  type Roles,
  rolesOf,
} from '../../src/index.js'
import { text } from '../helpers.js'
import type { Device } from './device.js'
import { accountNameOf } from './people.js'
import type { Plan } from './plan.js'

const GROUP_ID: Uint8Array = new Uint8Array(16).fill(9)

/** The villain is an admin in half of the groups that have any: its word counts then. */
function firstRoles(plan: Plan, now: Roles): Roles {
  const names = [plan.founders[1], plan.seed % 2 === 0 ? plan.villain : null]
  const others = names.flatMap((name, index) =>
    name == null
      ? []
      : [{ account: text(accountNameOf(plan, name)), right: index === 0 ? 'members' : 'full' } as const],
  )
  return { ...now, admins: [...now.admins, ...others] }
}

export async function found(plan: Plan, devices: ReadonlyMap<string, Device>): Promise<void> {
  const founders = plan.founders.map((name) => devices.get(name) as Device)
  const [founder, ...others] = founders as [Device, ...Device[]]
  const options = plan.roles === null ? undefined : { ...plan.roles, externalJoinRule: 'nobody' as const }
  const alone = await createGroup(founder.ctx, founder.identity, GROUP_ID, options)
  const offers = []
  for (const { ctx, identity } of others) offers.push(await createKeyPackage(ctx, identity))
  const packages = offers.map(({ keyPackage }) => keyPackage)
  const added = await addMembers(founder.ctx, alone, packages)
  const states: GroupState[] = [added.state]
  for (const [index, { ctx }] of others.entries()) {
    const offer = offers[index] as (typeof offers)[number]
    states.push(await joinGroup(ctx, { ...offer, welcome: added.welcome }))
  }
  const now = rolesOf(added.state)
  if (now !== null) {
    const changed = await changeGroup(founder.ctx, added.state, { roles: firstRoles(plan, now) })
    for (const [index, { ctx }] of others.entries())
      states[index + 1] = (await processMessage(ctx, states[index + 1] as GroupState, changed.commit)).state
    states[0] = changed.state
  }
  for (const [index, one] of founders.entries()) await one.begin(states[index] as GroupState)
}
