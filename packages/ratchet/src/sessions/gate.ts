/**
 * The gate that every transaction of the manager passes: compare-and-swap of the store's generation
 * (spec/session.md, "Generations" and "Rollback").
 *
 * One row counts the transactions. An instance goes on only from a generation that it read when it was opened or
 * wrote itself: a second writer finds a conflict, and a store that went back is found out, before a key is used.
 */
import { equalBytes, type Store, type StoreTransaction } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { RatchetError } from '../errors.js'
import { SessionsError } from './errors.js'
import { MAX_IDS_PER_TRANSACTION } from './limits.js'
import { type MetaRow, readMeta, sameMeta, WRITER_BYTES, writeMeta } from './meta-row.js'
import type { Tables } from './tables.js'
import { readWitness, type Witness, type Witnessing, witnessing } from './witness.js'

const PASSAGE: unique symbol = Symbol('hyphae.sessions')
const passages: WeakMap<object, Passage> = /* @__PURE__ */ new WeakMap()

/** A store transaction with what shall happen once it is durable and witnessed. */
export interface SessionTransaction extends StoreTransaction {
  after(effect: () => void): void
  /** By which the manager knows it again; opaque. */
  readonly [PASSAGE]: object
}

/** What the manager remembers of one transaction. */
export interface Passage {
  readonly gate: Gate
  /** Null until it was checked. */
  meta: MetaRow | null
  written: boolean
  /** Sessions whose unanswered sends were counted. */
  readonly counted: Set<string>
  /** Called when the transaction fails. */
  readonly undone: (() => void)[]
  /** Prekey ids given out. */
  ids: number
}

export type SessionsStatus = 'ready' | 'rolled-back'

export interface Gate {
  status(): SessionsStatus
  transact<T>(work: (tx: SessionTransaction) => Promise<T> | T): Promise<T>
  /** @throws SessionsError `ratchet/conflict`, `ratchet/rolled-back` */
  check(tx: SessionTransaction): Promise<MetaRow>
  /** Counts this transaction, before its first write; returns its generation. Needs a check before. */
  touch(tx: SessionTransaction): number
  passage(tx: SessionTransaction): Passage
  reload(): Promise<void>
  /** Takes the store as it is, above every generation ever seen. `work` learns how many were lost. */
  reopen(work: (tx: StoreTransaction, lost: number) => Promise<void>): Promise<number>
}

export interface GateOptions {
  readonly store: Store
  readonly crypto: Pick<SessionCrypto, 'randomBytes'>
  readonly tables: Tables
  readonly witness?: Witness | undefined
}

/** @throws SessionsError `ratchet/witness-failed`, also for a witnessed store without its witness */
export async function openGate(options: GateOptions): Promise<Gate> {
  const seen = await readWitness(options.witness)
  const meta = await readMeta(options.store, options.tables)
  if (meta.witnessed && options.witness === undefined) throw new SessionsError('ratchet/witness-failed')
  return createGate(options, meta, seen)
}

/** A witness that knows less than the store is late by a crash; one that knows nothing was left behind in a copy. */
function isOlder(meta: MetaRow, witnessed: number | undefined): boolean {
  return witnessed === undefined ? meta.witnessed : meta.generation < witnessed
}

function createGate(options: GateOptions, opened: MetaRow, seen: number | undefined): Gate {
  const { store, tables, witness } = options
  const writer = options.crypto.randomBytes(WRITER_BYTES)
  const seal: Witnessing = witnessing(witness, seen ?? -1)
  let status: SessionsStatus = isOlder(opened, seen) ? 'rolled-back' : 'ready'
  let loaded = opened
  /** Highest generation known to be durable, or to have left this device. */
  let highest = Math.max(opened.generation, seen ?? 0)

  const isKnown = (meta: MetaRow): boolean => equalBytes(meta.writer, writer) || sameMeta(meta, loaded)
  const verify = (meta: MetaRow): void => {
    if (meta.generation < highest) status = 'rolled-back'
    if (status === 'rolled-back')
      throw new SessionsError('ratchet/rolled-back', {
        details: { generation: meta.generation, seen: highest },
      })
    if (!isKnown(meta))
      throw new SessionsError('ratchet/conflict', { details: { generation: meta.generation } })
  }
  const passage = (tx: SessionTransaction): Passage => {
    const known = passages.get(tx[PASSAGE])
    if (known?.gate !== gate) throw new RatchetError('ratchet/bad-argument', { details: { name: 'tx' } })
    return known
  }
  const committed = async (generation: number): Promise<void> => {
    highest = Math.max(highest, generation)
    await seal.reach(generation)
  }

  const gate: Gate = {
    status: () => status,
    passage,
    check: async (tx) => {
      const known = passage(tx)
      if (known.meta !== null) return known.meta
      const meta = await readMeta(tx, tables)
      verify(meta)
      known.meta = meta
      return meta
    },
    touch: (tx) => {
      const known = passage(tx)
      if (known.meta === null) throw new RatchetError('ratchet/bad-argument', { details: { name: 'tx' } })
      if (known.written) return known.meta.generation
      const { generation, floor, witnessed } = known.meta
      const next = {
        generation: generation + 1,
        floor,
        writer,
        witnessed: witnessed || witness !== undefined,
      }
      writeMeta(tx, tables, next)
      known.meta = next
      known.written = true
      return next.generation
    },
    transact: async (work) => {
      // What is durable already is witnessed before more is handed out.
      if (status === 'ready' && witness !== undefined) await seal.reach(highest)
      const { result, effects, written } = await run(store, gate, work)
      if (written !== null) await committed(written)
      for (const effect of effects) effect()
      return result
    },
    reload: async () => {
      const witnessed = await readWitness(witness)
      const meta = await readMeta(store, tables)
      highest = Math.max(highest, witnessed ?? 0)
      if (meta.generation < highest || isOlder(meta, witnessed)) status = 'rolled-back'
      loaded = meta
      highest = Math.max(highest, meta.generation)
    },
    reopen: async (work) => {
      let lost = 0
      const generation = await store.transact(async (tx) => {
        const meta = await readMeta(tx, tables)
        lost = Math.max(0, highest - meta.generation)
        await work(tx, lost)
        const next = Math.max(highest, meta.generation) + 1
        const witnessed = meta.witnessed || witness !== undefined
        writeMeta(tx, tables, { generation: next, floor: next, writer, witnessed })
        return next
      })
      status = 'ready'
      await committed(generation)
      return lost
    },
  }
  return gate
}

interface Ran<T> {
  readonly result: T
  readonly effects: readonly (() => void)[]
  /** Generation written; null when nothing of the manager's was. */
  readonly written: number | null
}

async function run<T>(
  store: Store,
  gate: Gate,
  work: (tx: SessionTransaction) => Promise<T> | T,
): Promise<Ran<T>> {
  const effects: (() => void)[] = []
  const passage: Passage = { gate, meta: null, written: false, counted: new Set(), undone: [], ids: 0 }
  const token = {}
  passages.set(token, passage)
  try {
    const result = await store.transact((inner) =>
      work({
        get: (key) => inner.get(key),
        list: (prefix, options) => inner.list(prefix, options),
        put: (key, value) => inner.put(key, value),
        delete: (key) => inner.delete(key),
        after: (effect) => void effects.push(effect),
        [PASSAGE]: token,
      }),
    )
    return { result, effects, written: passage.written ? (passage.meta?.generation ?? null) : null }
  } catch (error) {
    for (const undo of passage.undone) undo()
    throw error
  }
}

/** @throws RatchetError `ratchet/bad-argument` beyond MAX_IDS_PER_TRANSACTION */
export function takeIds(passage: Passage, count: number): void {
  if (passage.ids + count > MAX_IDS_PER_TRANSACTION) {
    throw new RatchetError('ratchet/bad-argument', {
      details: { name: 'prekeys', max: MAX_IDS_PER_TRANSACTION },
    })
  }
  passage.ids += count
}
