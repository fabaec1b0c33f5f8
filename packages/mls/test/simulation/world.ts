// One schedule from its plan to its verdict: a group on a simulated network, turmoil, quiet, and what must hold then.
import { isHyphaeError, toHex } from '@hyphae/core'
import {
  injectFaults,
  type SimulatedNetwork,
  type Simulation,
  type SimulationResult,
  simulatedNetwork,
  simulation,
} from '@hyphae/testkit'
import type { MlsContext } from '../../src/index.js'
import type { Effect } from '../../src/order/effect.js'
import type { GroupLog } from '../../src/order/log.js'
import type { GroupRules } from '../../src/order/rules.js'
import { text } from '../helpers.js'
import { invite, perform, stateOf } from './deeds.js'
import { type Device, device } from './device.js'
import { found } from './founding.js'
import { oracle } from './oracle.js'
import { person } from './people.js'
import type { Action, Plan } from './plan.js'
import { postOffice, withholder } from './post.js'
import { lastWords, violation } from './properties.js'
import { sequencer } from './sequencer.js'
import { misbehave } from './villain.js'

export interface WorldOptions {
  /** What the logs are told to go by; the product's own when left out. */
  readonly rulesOf?: (ctx: MlsContext) => GroupRules
  /** Rounds of talk in which all must have become well; ten minutes when left out. */
  readonly rounds?: number
}

export interface World {
  readonly plan: Plan
  readonly sim: Simulation
  readonly network: SimulatedNetwork
  readonly devices: ReadonlyMap<string, Device>
  /** Turmoil is over: nothing is lost any more and nobody wants anything new. */
  quiet: boolean
}

export interface Outcome {
  readonly plan: Plan
  readonly result: SimulationResult
  /** Undefined when everything held. */
  readonly violation: string | undefined
}

/** A fault lasts at most a third of the turmoil. */
const STRETCH = 4 / 3
/** All events of a usual schedule. */
const TRACE_EVENTS = 4000
const ROUND_MS = 20_000
/** Ten minutes: time to stall, to plead, to be added anew, and to lose all of it once more. */
const MAX_ROUNDS = 30

export async function build(plan: Plan, options: WorldOptions = {}): Promise<World> {
  const sim = simulation({ seed: plan.seed, traceEvents: TRACE_EVENTS })
  const { loss, duplicate, delayMs } = plan
  const network = simulatedNetwork(sim, { conditions: { loss, duplicate, delayMs } })
  const names = [...plan.founders, ...plan.outsiders]
  const devices = new Map<string, Device>()
  const keys = new Map<string, string>()
  const world: World = { plan, sim, network, devices, quiet: false }
  const held = { delayed: plan.withhold, forGood: plan.withholdForGood, over: () => world.quiet }
  const office = postOffice(network, withholder(sim.random('withholder'), held))
  const leavers = plan.actions.flatMap(({ who, deed }) => (deed.kind === 'leave' ? [who] : []))
  const { judge } = oracle(new Set(leavers))
  const nameOf = (key: Uint8Array): string | undefined => keys.get(toHex(key))
  const around = {
    office,
    mode: plan.mode,
    rulesOf: options.rulesOf,
    names: () => names,
    nameOf,
    submit: sequencer(network, sim.random('sequencer'), plan.sequencerLies),
    observe: (name: string, before: GroupLog | null, log: GroupLog, effects: readonly Effect[]) => {
      const fault = name === plan.villain ? undefined : judge(before, log, effects)
      if (fault !== undefined) sim.fail(name, 'breaks a rule', new Error(fault))
    },
    invitationVoid: (inviter: string, key: Uint8Array) => void again(world, inviter, nameOf(key)),
  }
  for (const name of names) {
    const { ctx, identity } = person(sim, plan, name)
    keys.set(toHex(identity.signing.publicKey), name)
    devices.set(name, device(name, ctx, identity, around))
  }
  await found(plan, devices)
  for (const [name, one] of devices) sim.node(name, one.program).boot()
  return world
}

function again(world: World, inviter: string, whom: string | undefined): void {
  const by = world.devices.get(inviter)
  if (by === undefined || whom === undefined) return
  by.running?.life.spawn('invites again', () => invite(castOf(world), by, whom))
}

function castOf({ devices, sim }: World): Parameters<typeof perform>[0] {
  return { devices, fail: (what, error) => sim.fail('harness', what, error) }
}

function act(world: World, action: Action): void {
  const { plan, sim } = world
  sim.log(action.who, 'does', JSON.stringify(action.deed))
  const cast = castOf(world)
  const random = sim.random(`deed ${action.atMs} ${action.who}`)
  const done =
    action.who === plan.villain
      ? misbehave(plan, cast, random, action).then(() => perform(cast, action))
      : perform(cast, action)
  // The villain's own tools may refuse; an honest member's typed errors are answers to itself.
  done.catch((error: unknown) => {
    if (!isHyphaeError(error)) sim.fail(action.who, action.deed.kind, error)
  })
}

function calm(world: World): void {
  world.quiet = true
  world.network.setConditions({ delayMs: [5, 50] })
  world.network.heal()
  for (const node of world.sim.nodes()) {
    node.crashAtCommit(0, 'before')
    node.goOnline()
    node.resume()
    node.boot()
  }
}

export async function runPlan(plan: Plan, options: WorldOptions = {}): Promise<Outcome> {
  const world = await build(plan, options)
  const { sim, network, devices } = world
  for (const action of plan.actions) sim.after(action.atMs, '', () => act(world, action))
  injectFaults(network, plan.faults)
  let result = await sim.run({ forMs: Math.ceil(plan.turmoilMs * STRETCH) + 1 })
  calm(world)
  const { rounds = MAX_ROUNDS } = options
  let broken: string | undefined = 'nothing was checked'
  for (let round = 1; result.failure === undefined && broken !== undefined && round <= rounds; round++) {
    // A fork that nobody mentions is one that nobody can notice: members talk until all is well.
    for (const [name, one] of devices)
      if (stateOf(one) !== null)
        one.running?.take({ kind: 'message', plaintext: text(lastWords(name, round)), aad: text('') })
    result = await sim.run({ forMs: ROUND_MS })
    broken = await violation(world, round)
  }
  return { plan, result, violation: result.failure === undefined ? broken : 'an error that nobody expected' }
}
