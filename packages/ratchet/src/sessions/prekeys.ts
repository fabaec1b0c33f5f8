/**
 * The prekeys of this device, kept in the same store (spec/session.md, "Prekeys").
 *
 * Signed prekeys and the counter of ids are one row, each one-time prekey another. What a rotation forgets goes with
 * all that was published beside it, the set of seen base keys too.
 */
import type { StoreReader, StoreTransaction } from '@hyphae/core'
import { RatchetError } from '../errors.js'
import { MAX_ONE_TIME_PREKEYS, MAX_PREKEY_ID, PREKEY_BATCH, SIGNED_PREKEY_MAX_AGE_MS } from '../limits.js'
import { decodePrekeyState, encodePrekeyState } from '../prekey-snapshot.js'
import {
  createPrekeyState,
  currentSignedPrekey,
  generateOneTimePrekeys,
  lastResortBundle,
  type PrekeyState,
  rotateSignedPrekey,
} from '../prekey-state.js'
import { type SessionsContext, timeOf } from './context.js'
import { MAX_ID_SKIP, MAX_IDS_PER_TRANSACTION } from './limits.js'
import { decodeOneTime, encodeOneTime, signedPrekeyIdOf } from './one-time-row.js'
import { type SessionTransaction, takeIds } from './transaction.js'

export interface PrekeyStatus {
  /** Id of the current signed prekey; 0 before the first. When it changes, published bundles should be replaced. */
  readonly signedPrekeyId: number
  /** Whether the next `rotatePrekeys` makes a new one. */
  readonly due: boolean
  /** One-time prekeys that no handshake has used yet, at most 1,000. */
  readonly oneTime: number
}

export interface IssuedPrekeys {
  /** One bundle for each one-time prekey, ready for a directory. */
  readonly bundles: readonly Uint8Array[]
  readonly lastResort: Uint8Array
  readonly signedPrekeyId: number
}

export async function prekeyStatus(context: SessionsContext, reader: StoreReader): Promise<PrekeyStatus> {
  const state = await readPrekeys(context, reader)
  if (state === undefined) return { signedPrekeyId: 0, due: true, oneTime: 0 }
  const oneTime = (await reader.list(context.tables.oneTime())).length
  return { signedPrekeyId: currentSignedPrekey(state).id, due: isDue(context, state), oneTime }
}

/** Makes the first signed prekey, or the next when the current one is a week old; true when it did. */
export async function rotatePrekeys(context: SessionsContext, tx: SessionTransaction): Promise<boolean> {
  const { crypto, gate, keys } = context
  await gate.check(tx)
  const before = await readPrekeys(context, tx)
  if (before !== undefined && !isDue(context, before)) return false
  const now = timeOf(context)
  takeIds(gate.passage(tx), 1)
  const state =
    before === undefined
      ? createPrekeyState(crypto, keys, { now, ...context.pq })
      : rotateSignedPrekey(crypto, keys, before, { now })
  gate.touch(tx)
  writePrekeys(context, tx, state)
  const kept = new Set(state.signed.map(({ id }) => id))
  for (const { id } of before?.signed ?? []) if (!kept.has(id)) await forgetBeside(context, tx, id)
  return true
}

/**
 * Makes one-time prekeys beside the current signed one, which is made or rotated first if it is due. Beyond 1,000
 * the oldest are forgotten.
 */
export async function issuePrekeys(
  context: SessionsContext,
  tx: SessionTransaction,
  count: number = PREKEY_BATCH,
): Promise<IssuedPrekeys> {
  const { crypto, gate, keys, tables } = context
  await rotatePrekeys(context, tx)
  const before = await requirePrekeys(context, tx)
  const { state, bundles } = generateOneTimePrekeys(crypto, keys, before, count)
  takeIds(gate.passage(tx), count)
  const old = await tx.list(tables.oneTime())
  gate.touch(tx)
  writePrekeys(context, tx, state)
  for (const one of state.oneTime) tx.put(tables.oneTime(one.id), encodeOneTime(crypto, state.pq, one))
  const excess = Math.max(0, old.length + count - MAX_ONE_TIME_PREKEYS)
  for (const { key } of old.slice(0, excess)) tx.delete(key)
  return {
    bundles,
    lastResort: lastResortBundle(crypto, keys, state),
    signedPrekeyId: currentSignedPrekey(state).id,
  }
}

export async function currentLastResort(
  context: SessionsContext,
  reader: StoreReader,
): Promise<Uint8Array | undefined> {
  const state = await readPrekeys(context, reader)
  return state === undefined ? undefined : lastResortBundle(context.crypto, context.keys, state)
}

/** The prekeys that a handshake with this one-time prekey needs, 0 for none. @throws RatchetError `ratchet/unknown-prekey` */
export async function prekeysFor(
  context: SessionsContext,
  reader: StoreReader,
  oneTimeId: number,
): Promise<PrekeyState> {
  const state = await readPrekeys(context, reader)
  if (state === undefined) throw new RatchetError('ratchet/unknown-prekey', { details: { oneTimeId } })
  const stored = oneTimeId === 0 ? undefined : await reader.get(context.tables.oneTime(oneTimeId))
  if (stored === undefined) return state
  return { ...state, oneTime: [decodeOneTime(context.crypto, state.pq, oneTimeId, stored)] }
}

/**
 * Forgets all prekeys and begins anew past every id that `lost` generations can have given out: which of the old
 * ones were used, and by which handshakes, is not known any more.
 */
export async function renewPrekeys(
  context: SessionsContext,
  tx: StoreTransaction,
  lost: number,
): Promise<void> {
  const { crypto, keys, tables } = context
  const old = await readPrekeys(context, tx)
  for (const { key } of await tx.list(tables.oneTime())) tx.delete(key)
  for (const { key } of await tx.list(tables.seen())) tx.delete(key)
  const skip = Math.min(lost * MAX_IDS_PER_TRANSACTION, MAX_ID_SKIP)
  const nextId = Math.min((old?.nextId ?? 1) + skip, MAX_PREKEY_ID)
  const empty = { nextId, signed: [], oneTime: [], pq: context.pq.pq ?? null }
  writePrekeys(context, tx, rotateSignedPrekey(crypto, keys, empty, { now: timeOf(context) }))
}

async function readPrekeys(context: SessionsContext, reader: StoreReader): Promise<PrekeyState | undefined> {
  const stored = await reader.get(context.tables.prekeys())
  return stored === undefined ? undefined : decodePrekeyState(context.crypto, stored, context.pq)
}

async function requirePrekeys(context: SessionsContext, reader: StoreReader): Promise<PrekeyState> {
  const state = await readPrekeys(context, reader)
  if (state === undefined) throw new RatchetError('ratchet/bad-snapshot')
  return state
}

function writePrekeys(
  context: SessionsContext,
  tx: Pick<SessionTransaction, 'put'>,
  state: PrekeyState,
): void {
  tx.put(context.tables.prekeys(), encodePrekeyState(context.crypto, { ...state, oneTime: [] }))
}

/** A week old, either way: a clock that was set back must not keep a key for years. */
function isDue(context: SessionsContext, state: PrekeyState): boolean {
  return Math.abs(timeOf(context) - currentSignedPrekey(state).createdAt) >= SIGNED_PREKEY_MAX_AGE_MS
}

/** One-time prekeys published beside a forgotten signed prekey, and the base keys seen with it. */
async function forgetBeside(
  context: SessionsContext,
  tx: SessionTransaction,
  signedPrekeyId: number,
): Promise<void> {
  const { tables } = context
  for (const { key } of await tx.list(tables.seen(signedPrekeyId))) tx.delete(key)
  for (const { key, value } of await tx.list(tables.oneTime())) {
    if (signedPrekeyIdOf(value) === signedPrekeyId) tx.delete(key)
  }
}
