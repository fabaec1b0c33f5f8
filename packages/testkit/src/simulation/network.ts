/**
 * The network of a simulation: datagrams between named endpoints under the conditions of their link, with
 * partitions that heal. It moves sizes and callbacks; what is carried, and whether anybody asks for an answer,
 * is the affair of the carriers on it.
 */
import { TestkitError } from '../errors.js'
import { type Airtime, airtime, drawDelay, type LinkConditions } from './conditions.js'
import type { Datagram } from './datagram.js'
import { type Observations, observations } from './observations.js'
import type { Simulation } from './simulation.js'
import { topology } from './topology.js'

export type ConditionsOf = (from: string, to: string) => LinkConditions

export interface NetworkOptions {
  /** The same for all links, or by link. */
  readonly conditions?: LinkConditions | ConditionsOf
}

export interface Sent {
  /** Virtual time at which the last bit has left the sender. */
  readonly leftAt: number
  /** How many copies are on their way; the sender must not know. */
  readonly copies: number
}

export interface SimulatedNetwork {
  readonly simulation: Simulation
  readonly observations: Observations
  conditions(from: string, to: string): LinkConditions
  setConditions(conditions: LinkConditions | ConditionsOf): void
  /** Only endpoints of one group reach each other; those in no group form one of their own. */
  partition(groups: readonly (readonly string[])[]): void
  heal(): void
  /** Whether an endpoint can be reached; nodes are known by themselves, others say so here. */
  attach(name: string, reachable: () => boolean): void
  connected(from: string, to: string): boolean
  /**
   * Calls `arrive` for each copy that arrives while its receiver can be reached.
   * @throws TestkitError `testkit/refused` above the link's MTU, `testkit/full`
   */
  send(datagram: Datagram, arrive: () => void): Sent
}

export function simulatedNetwork(sim: Simulation, options: NetworkOptions = {}): SimulatedNetwork {
  const random = sim.random('network')
  const { partition, heal, attach, together, reachable } = topology(sim)
  const air = airtime()
  const seen = observations(sim)
  const lastArrival = new Map<string, number>()
  let conditions = asFunction(options.conditions ?? {})
  const connected = (from: string, to: string): boolean =>
    together(from, to) && reachable(from) && reachable(to)

  /** Virtual milliseconds from now until a copy arrives, if it does. */
  const travel = (link: string, rules: LinkConditions, leftAt: number): number => {
    const held = random.chance(rules.reorder ?? 0) ? random.next() * (rules.reorderMs ?? 1000) : 0
    const arrival = leftAt + drawDelay(rules.delayMs, random) + held
    if (rules.ordered !== true) return arrival
    const ordered = Math.max(arrival, lastArrival.get(link) ?? 0)
    lastArrival.set(link, ordered)
    return ordered
  }
  const send = (datagram: Datagram, arrive: () => void): Sent => {
    const { from, to } = datagram
    const rules = conditions(from, to)
    const link = `${from}>${to}`
    const now = sim.clock.now()
    const leftAt = leave(air, datagram, rules, now)
    seen.wire(datagram)
    const lost = random.chance(rules.loss ?? 0)
    const copies = lost || !connected(from, to) ? 0 : random.chance(rules.duplicate ?? 0) ? 2 : 1
    for (let copy = 0; copy < copies; copy++)
      sim.after(travel(link, rules, leftAt) - now, '', () => {
        if (!together(from, to) || !reachable(to)) return
        sim.log(to, 'receives', `${datagram.what} from ${from}`)
        arrive()
      })
    if (copies === 0) sim.log('network', 'loses', `${datagram.what} ${link}`)
    return { leftAt, copies }
  }
  return {
    simulation: sim,
    observations: seen,
    conditions: (from, to) => conditions(from, to),
    setConditions: (next) => {
      conditions = asFunction(next)
    },
    partition,
    heal,
    attach,
    connected,
    send,
  }
}

function leave(
  air: Airtime,
  { from, to, bytes, stream = false }: Datagram,
  rules: LinkConditions,
  now: number,
): number {
  if (!stream && rules.mtu !== undefined && bytes > rules.mtu)
    throw new TestkitError('testkit/refused', { details: { reason: 'above the MTU', bytes, mtu: rules.mtu } })
  const leftAt = air.leave(`${from}>${to}`, from, bytes, rules, now)
  if (leftAt === undefined) throw new TestkitError('testkit/full', { details: { bytes } })
  return leftAt
}

function asFunction(conditions: LinkConditions | ConditionsOf): ConditionsOf {
  return typeof conditions === 'function' ? conditions : () => conditions
}
