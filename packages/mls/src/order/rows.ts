/**
 * A log as rows of a store (spec/ordering.md section 9): an epoch is written once, a message changes the rows of one
 * secret and what it has changed beside. Rows hold secrets: seal them at rest.
 *
 *   log            everything that is small
 *   node/<tag>     an epoch: how it came about and where it stands
 *   commit/<tag>   the envelope of its commit
 *   sent/<tag>     the names of the messages that this member has sent in it
 *   state/<tag>/…  its group state, in the rows of `encodeGroupRows`
 *   early/<digest> an envelope that cannot be read yet
 *   held/<digest>  a message of a member that has been removed
 *   intent/<id>, welcome/<tag>
 */
import { equalBytes } from '@hyphae/core'
import { encodeGroupChanges, encodeGroupRows, type GroupRow } from '../rows.js'
import type { EpochNode, GroupLog } from './log.js'
import { encodeEarly, encodeHeld, encodeNode, encodeRest, encodeSent, encodeWelcome } from './stored.js'
import { encodeIntent } from './stored-intent.js'

export type LogRow = GroupRow

export const LOG_KEY = 'log'
export const stateKey = (tag: string): string => `state/${tag}/`

/** What has a row of its own is left out. Most steps change none of this, so the bytes are compared at last. */
function sameNode(a: EpochNode, b: EpochNode): boolean {
  if (a.parent === b.parent && a.link === b.link && a.proposals === b.proposals) return true
  return equalBytes(encodeNode(a), encodeNode(b))
}

function* stateRows(before: EpochNode | undefined, after: EpochNode): Iterable<LogRow> {
  if (before?.state === after.state) return
  const rows =
    before === undefined ? encodeGroupRows(after.state) : encodeGroupChanges(before.state, after.state)
  for (const { key, value } of rows) yield { key: stateKey(after.tag) + key, value }
}

function* nodeRows(before: EpochNode | undefined, after: EpochNode): Iterable<LogRow> {
  yield* stateRows(before, after)
  if (before === undefined && after.link !== null)
    yield { key: `commit/${after.tag}`, value: after.link.envelope }
  if (before === undefined || !sameNode(before, after))
    yield { key: `node/${after.tag}`, value: encodeNode(after) }
  if (after.sent !== before?.sent) yield { key: `sent/${after.tag}`, value: encodeSent(after.sent) }
}

function* goneNode({ tag, link, state }: EpochNode): Iterable<LogRow> {
  for (const { key } of encodeGroupRows(state)) yield { key: stateKey(tag) + key, value: null }
  if (link !== null) yield { key: `commit/${tag}`, value: null }
  yield { key: `sent/${tag}`, value: null }
  yield { key: `node/${tag}`, value: null }
}

/** Rows of a list whose items are replaced and never changed. */
function* listRows<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (item: T) => string,
  encode: (item: T) => Uint8Array,
): Iterable<LogRow> {
  const known = new Set(before)
  const keys = new Set(after.map(keyOf))
  for (const item of before) if (!keys.has(keyOf(item))) yield { key: keyOf(item), value: null }
  for (const item of after) if (!known.has(item)) yield { key: keyOf(item), value: encode(item) }
}

function* changed(before: GroupLog | null, after: GroupLog): Iterable<LogRow> {
  for (const node of before?.nodes.values() ?? []) if (!after.nodes.has(node.tag)) yield* goneNode(node)
  for (const node of after.nodes.values()) yield* nodeRows(before?.nodes.get(node.tag), node)
  yield* listRows(before?.early ?? [], after.early, ({ digest }) => `early/${digest}`, encodeEarly)
  yield* listRows(before?.held ?? [], after.held, ({ digest }) => `held/${digest}`, encodeHeld)
  yield* listRows(before?.intents ?? [], after.intents, ({ id }) => `intent/${id}`, encodeIntent)
  yield* listRows(before?.welcomes ?? [], after.welcomes, ({ tag }) => `welcome/${tag}`, encodeWelcome)
  const rest = encodeRest(after)
  const old = before === null ? null : encodeRest(before)
  if (old === null || old.length !== rest.length || rest.some((byte, i) => byte !== old[i]))
    yield { key: LOG_KEY, value: rest }
}

/** All rows of a log, for the first time that it is stored. @throws MlsError `mls/foreign-state` */
export function encodeLogRows(log: GroupLog): LogRow[] {
  return [...changed(null, log)]
}

/**
 * What to write, in one transaction with the effects of the step, where `before` is stored and `after` is to be. A
 * row with the value null is deleted. Few when `after` was made from `before`.
 * @throws MlsError `mls/foreign-state`
 */
export function encodeLogChanges(before: GroupLog, after: GroupLog): LogRow[] {
  return [...changed(before, after)]
}
