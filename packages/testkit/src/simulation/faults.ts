/**
 * Faults as data: a plan is drawn from the seed before the run, so that it can be printed, replayed and shrunk.
 * Each fault begins at a time and undoes itself; when the last has ended, the world is quiet.
 */
import type { SeededRandom } from '../seeded-random.js'
import type { CrashSide } from './disk.js'
import type { SimulatedNetwork } from './network.js'
import type { SimulatedNode } from './node.js'

export type Fault =
  | {
      readonly kind: 'partition'
      readonly atMs: number
      readonly forMs: number
      readonly groups: readonly (readonly string[])[]
    }
  | { readonly kind: 'crash'; readonly atMs: number; readonly forMs: number; readonly node: string }
  /** At a commit to disk: the `count`-th after `atMs`. */
  | {
      readonly kind: 'torn'
      readonly atMs: number
      readonly forMs: number
      readonly node: string
      readonly count: number
      readonly side: CrashSide
    }
  | {
      readonly kind: 'offline' | 'suspend'
      readonly atMs: number
      readonly forMs: number
      readonly node: string
    }

export type FaultKind = Fault['kind']

export interface PlanOptions {
  readonly nodes: readonly string[]
  /** Everything has begun before this; a fault lasts at most a third of it. */
  readonly forMs: number
  readonly count: number
  /** All kinds when left out. */
  readonly kinds?: readonly FaultKind[]
  /** Endpoints other than nodes that a partition puts on one side: relays. */
  readonly others?: readonly string[]
}

const MAX_TORN_COMMITS = 6

export function planFaults(random: SeededRandom, options: PlanOptions): Fault[] {
  const { nodes, forMs, count, kinds = ['partition', 'crash', 'torn', 'offline', 'suspend'] } = options
  const faults = Array.from({ length: count }, (): Fault => {
    const kind = random.pick(kinds)
    const atMs = random.integer(forMs)
    const times = { atMs, forMs: 1 + random.integer(Math.ceil(forMs / 3)) }
    const node = random.pick(nodes)
    if (kind === 'partition')
      return { kind, ...times, groups: split(random, [...nodes, ...(options.others ?? [])]) }
    if (kind !== 'torn') return { kind, ...times, node }
    const side = random.pick<CrashSide>(['before', 'after'])
    return { kind, ...times, node, count: 1 + random.integer(MAX_TORN_COMMITS), side }
  })
  return faults.sort((a, b) => a.atMs - b.atMs)
}

function split(random: SeededRandom, names: readonly string[]): string[][] {
  const sides: [string[], string[]] = [[], []]
  for (const name of names) sides[random.integer(2) as 0 | 1].push(name)
  return sides
}

/** Sets the faults going; the times count from now. */
export function injectFaults(network: SimulatedNetwork, faults: readonly Fault[]): void {
  const sim = network.simulation
  const nodes = new Map(sim.nodes().map((node) => [node.name, node]))
  let parted: Fault | undefined
  for (const fault of faults) {
    const node = fault.kind === 'partition' ? undefined : nodes.get(fault.node)
    sim.after(fault.atMs, '', () => {
      if (fault.kind !== 'partition') return begin(node, fault)
      parted = fault
      network.partition(fault.groups)
    })
    sim.after(fault.atMs + fault.forMs, '', () => {
      if (fault.kind !== 'partition') return end(node, fault)
      // A later partition has replaced this one and heals at its own time.
      if (parted === fault) network.heal()
    })
  }
}

function begin(node: SimulatedNode | undefined, fault: Exclude<Fault, { kind: 'partition' }>): void {
  if (fault.kind === 'crash') node?.crash()
  if (fault.kind === 'torn') node?.crashAtCommit(fault.count, fault.side)
  if (fault.kind === 'offline') node?.goOffline()
  if (fault.kind === 'suspend') node?.suspend()
}

function end(node: SimulatedNode | undefined, fault: Exclude<Fault, { kind: 'partition' }>): void {
  if (fault.kind === 'torn') node?.crashAtCommit(0, fault.side)
  if (fault.kind === 'crash' || fault.kind === 'torn') node?.boot()
  if (fault.kind === 'offline') node?.goOnline()
  if (fault.kind === 'suspend') node?.resume()
}

/** `crash bob at 12.0 s for 3.0 s` */
export function faultLine(fault: Fault): string {
  const when = `at ${(fault.atMs / 1000).toFixed(1)} s for ${(fault.forMs / 1000).toFixed(1)} s`
  if (fault.kind === 'partition')
    return `partition ${fault.groups.map((group) => group.join('+')).join(' | ')} ${when}`
  const torn = fault.kind === 'torn' ? ` ${fault.side} commit ${fault.count}` : ''
  return `${fault.kind} ${fault.node}${torn} ${when}`
}
