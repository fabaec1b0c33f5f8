/** Fuzz target: any bytes as records inside records. What is accepted is within its bounds, and written back as it came. */
import { equalBytes } from '@hyphae/core'
import {
  encodeRecords,
  MAX_DEPTH,
  MAX_RECORDS,
  readTree,
  type TlvNode,
  type TlvRecord,
} from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

const nested: ReadonlySet<number> = new Set([1, 2, 200])

function flat(nodes: readonly TlvNode[]): TlvRecord[] {
  return nodes.map(({ type, value, children }) => ({
    type,
    value: children === undefined ? value : encodeRecords(flat(children)),
  }))
}

function sizeOf(nodes: readonly TlvNode[]): { depth: number; count: number } {
  let [depth, count] = [1, nodes.length]
  for (const { children } of nodes) {
    if (children === undefined) continue
    const inner = sizeOf(children)
    depth = Math.max(depth, 1 + inner.depth)
    count += inner.count
  }
  return { depth, count }
}

export const target: FuzzTarget = {
  name: 'tree',
  run(input) {
    const tree = readTree(input, { nested })
    if (!equalBytes(encodeRecords(flat(tree)), input)) throw new Error('accepted a second encoding')
    const { depth, count } = sizeOf(tree)
    if (depth > MAX_DEPTH || count > MAX_RECORDS) throw new Error('beyond its bounds')
  },
}
