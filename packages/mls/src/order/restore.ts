/**
 * A log from its rows. What is stored is trusted to be ours, not to be whole: rows that do not belong together are
 * refused (spec/ordering.md section 9).
 */
import { isHyphaeError } from '@hyphae/core'
import type { MlsContext } from '../context.js'
import { MlsError } from '../errors.js'
import { decodeGroupRows } from '../snapshot.js'
import { chooseTip } from './choice.js'
import { pathTo } from './graph.js'
import type { EpochNode, GroupLog } from './log.js'
import { LOG_KEY, type LogRow, stateKey } from './rows.js'
import { decodeEarly, decodeHeld, decodeNode, decodeRest, decodeWelcome } from './stored.js'
import { decodeIntent } from './stored-intent.js'

const BAD = 'mls/bad-snapshot'

type Rows = ReadonlyMap<string, Uint8Array>

/** The rows whose keys begin with this, without it. */
function below(rows: Rows, prefix: string): LogRow[] {
  return [...rows].flatMap(([key, value]) =>
    key.startsWith(prefix) ? [{ key: key.slice(prefix.length), value }] : [],
  )
}

function values<T>(rows: Rows, prefix: string, decode: (row: Uint8Array) => T): T[] {
  return below(rows, prefix).flatMap(({ value }) => (value === null ? [] : [decode(value)]))
}

function nodeOf(ctx: MlsContext, rows: Rows, tag: string, row: Uint8Array): EpochNode {
  const state = decodeGroupRows(ctx, below(rows, stateKey(tag)))
  const beside = { envelope: rows.get(`commit/${tag}`), names: rows.get(`sent/${tag}`) }
  const node = decodeNode(row, state, beside)
  if (node.tag !== tag) throw new MlsError(BAD)
  return node
}

/** Every epoch leads to the root, and the tip is the one that goes first. */
function assertWhole(log: GroupLog): void {
  const { nodes, root, tip, submitted } = log
  for (const { tag } of nodes.values()) if (pathTo(nodes, tag)[0]?.tag !== root) throw new MlsError(BAD)
  if (chooseTip(nodes, root) !== tip) throw new MlsError(BAD)
  if (submitted !== null && !nodes.has(submitted.tag)) throw new MlsError(BAD)
}

function restore(ctx: MlsContext, rows: Rows): GroupLog {
  const row = rows.get(LOG_KEY)
  if (row === undefined) throw new MlsError(BAD)
  const { beacons, ...rest } = decodeRest(row)
  const nodes = below(rows, 'node/').flatMap(({ key, value }) =>
    value === null ? [] : [nodeOf(ctx, rows, key, value)],
  )
  const log = {
    ...rest,
    nodes: new Map(nodes.map((node) => [node.tag, node])),
    early: values(rows, 'early/', decodeEarly).sort((a, b) => a.since - b.since),
    held: values(rows, 'held/', decodeHeld).sort((a, b) => (a.digest < b.digest ? -1 : 1)),
    intents: values(rows, 'intent/', decodeIntent).sort((a, b) => a.id - b.id),
    welcomes: values(rows, 'welcome/', decodeWelcome).sort((a, b) => a.since - b.since),
    beacons: new Map(beacons.map((beacon) => [beacon.key, beacon])),
  }
  assertWhole(log)
  return log
}

/**
 * The log whose rows these are, in any order.
 * @throws MlsError `mls/bad-snapshot`
 */
export function decodeLogRows(ctx: MlsContext, rows: Iterable<LogRow>): GroupLog {
  const known = new Map<string, Uint8Array>()
  for (const { key, value } of rows) if (value !== null) known.set(key, value)
  try {
    return restore(ctx, known)
  } catch (cause) {
    if (!isHyphaeError(cause)) throw cause
    throw cause.code === BAD ? cause : new MlsError(BAD, { cause })
  }
}
