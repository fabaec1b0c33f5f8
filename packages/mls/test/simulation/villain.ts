// What a member that keeps to no rule does with its keys: it makes commits past its log, tells some and not others,
// and judges its own rights by a context in which every account is an admin's.

import type { SeededRandom } from '@hyphae/testkit'
import {
  addMembers,
  changeGroup,
  type GroupState,
  type MlsContext,
  ownLeaf,
  rolesOf,
  updateSelf,
} from '../../src/index.js'
import { encodeEnvelope } from '../../src/order/envelope.js'
import { tagOf } from '../../src/order/tag.js'
import { text } from '../helpers.js'
import { type Cast, memberCalled, promoted, stateOf } from './deeds.js'
import type { Device } from './device.js'
import type { Running } from './life.js'
import { accountIn, accountNameOf } from './people.js'
import type { Action, Deed, Plan } from './plan.js'

export interface Crime {
  readonly plan: Plan
  readonly cast: Cast
  readonly random: SeededRandom
  readonly by: Device
  readonly running: Running
  readonly state: GroupState
  /** Everybody else. */
  readonly others: readonly string[]
}

/** Where every account is that of a full admin, nothing is forbidden; the founder always is one at first. */
function lawless(plan: Plan, ctx: MlsContext): MlsContext {
  return { ...ctx, accountOf: () => text(accountNameOf(plan, plan.founders[0] as string)) }
}

async function smuggle(
  crime: Crime,
  parent: GroupState,
  commit: Uint8Array,
  to: readonly string[],
): Promise<void> {
  const tag = await tagOf(crime.by.ctx, parent)
  crime.running.smuggle('commit', encodeEnvelope('commit', tag, commit), to)
}

function half(random: SeededRandom, names: readonly string[]): [string[], string[]] {
  const shuffled = random.shuffle(names)
  const middle = Math.ceil(names.length / 2)
  return [shuffled.slice(0, middle), shuffled.slice(middle)]
}

async function equivocate(crime: Crime): Promise<void> {
  const { by, state, others, random } = crime
  const [some, rest] = half(random, others)
  for (const to of [some, rest]) await smuggle(crime, state, (await updateSelf(by.ctx, state)).commit, to)
}

async function spam(crime: Crime, length: number): Promise<void> {
  const { by, others, random } = crime
  const to = random.chance(0.5) ? others : half(random, others)[0]
  let { state } = crime
  for (let count = 0; count < length; count++) {
    const next = await updateSelf(by.ctx, state)
    await smuggle(crime, state, next.commit, to)
    state = next.state
  }
}

async function usurp(crime: Crime, deed: Extract<Deed, { kind: 'usurp' }>): Promise<void> {
  const { plan, by, state, others, cast } = crime
  const ctx = lawless(plan, by.ctx)
  const now = rolesOf(state)
  const victim = memberCalled(state, deed.whom)
  const own = accountIn(by.identity.credential)
  if (deed.what === 'expel' && victim !== undefined && victim.leaf !== ownLeaf(state))
    await smuggle(crime, state, (await changeGroup(ctx, state, { remove: [victim.leaf] })).commit, others)
  if (deed.what === 'promote' && now !== null)
    await smuggle(
      crime,
      state,
      (await changeGroup(ctx, state, { roles: promoted(now, own, 'full') })).commit,
      others,
    )
  if (deed.what === 'depose' && now !== null) {
    const roles = { ...now, admins: [{ account: own, right: 'full' as const }] }
    await smuggle(crime, state, (await changeGroup(ctx, state, { roles })).commit, others)
  }
  const target = cast.devices.get(deed.whom)
  if (deed.what !== 'invite' || victim !== undefined || target?.running === undefined) return
  const keyPackage = await target.running.offer()
  await smuggle(crime, state, (await addMembers(ctx, state, [keyPackage])).commit, others)
}

async function garbage(crime: Crime): Promise<void> {
  const { by, state, others, random, running } = crime
  const { commit } = await updateSelf(by.ctx, state)
  const whole = encodeEnvelope('commit', await tagOf(by.ctx, state), commit)
  const flipped = whole.slice()
  const at = random.integer(whole.length)
  flipped[at] = (flipped[at] as number) ^ (1 << random.integer(8))
  for (const bytes of [
    flipped,
    whole.slice(0, random.integer(whole.length)),
    random.bytes(random.integer(300)),
  ])
    running.smuggle('other', bytes, others)
}

/** The villain does it if it is up and in the group. What its own tools refuse it does not do. */
export async function misbehave(plan: Plan, cast: Cast, random: SeededRandom, action: Action): Promise<void> {
  const by = cast.devices.get(action.who)
  const state = by === undefined ? null : stateOf(by)
  if (by?.running === undefined || state === null) return
  const others = [...cast.devices.keys()].filter((name) => name !== action.who)
  const crime: Crime = { plan, cast, random, by, running: by.running, state, others }
  const { deed } = action
  if (deed.kind === 'equivocate') await equivocate(crime)
  if (deed.kind === 'spam') await spam(crime, deed.length)
  if (deed.kind === 'favour')
    await smuggle(crime, state, (await updateSelf(by.ctx, state)).commit, [deed.whom])
  if (deed.kind === 'usurp') await usurp(crime, deed)
  if (deed.kind === 'garbage') await garbage(crime)
}
