/** Who can reach whom: endpoints that are up or down, and partitions between them. */
import type { Simulation } from './simulation.js'

export interface Topology {
  partition(groups: readonly (readonly string[])[]): void
  heal(): void
  attach(name: string, reachable: () => boolean): void
  /** On one side of every partition. */
  together(from: string, to: string): boolean
  reachable(name: string): boolean
}

export function topology(sim: Simulation): Topology {
  const endpoints = new Map<string, () => boolean>()
  let side = new Map<string, number>()
  return {
    partition: (groups) => {
      sim.log('network', 'parts', groups.map((group) => group.join('+')).join(' | '))
      side = new Map(groups.flatMap((group, index) => group.map((name) => [name, index] as const)))
    },
    heal: () => {
      sim.log('network', 'heals')
      side = new Map()
    },
    attach: (name, check) => void endpoints.set(name, check),
    together: (from, to) => (side.get(from) ?? -1) === (side.get(to) ?? -1),
    reachable: (name) => {
      const known = endpoints.get(name)
      if (known !== undefined) return known()
      const node = sim.nodes().find((other) => other.name === name)
      if (node === undefined) return false
      endpoints.set(name, () => node.reachable)
      return node.reachable
    },
  }
}
