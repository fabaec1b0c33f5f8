/**
 * The gate that every transaction of the manager passes: compare-and-swap of the store's generation
 * (spec/session.md, "Generations" and "Rollback").
 *
 * One row counts the transactions. An instance goes on only from a generation that it read when it was opened or
 * wrote itself: a second writer finds a conflict, and a store that went back is found out, before a key is used.
 */
import type { Store, StoreTransaction } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import { RatchetError } from '../errors.js'
import { SessionsError } from './errors.js'
import { createLedger, type Ledger, type SessionsStatus } from './ledger.js'
import { type MetaRow, readMeta, WRITER_BYTES, writeMeta } from './meta-row.js'
import type { Tables } from './tables.js'
import { type Passage, passageOf, runTransaction, type SessionTransaction } from './transaction.js'
import { readWitness, type Witness, type Witnessing, witnessing } from './witness.js'

export interface Gate {
  status(): SessionsStatus
  transact<T>(work: (tx: SessionTransaction) => Promise<T> | T): Promise<T>
  /** The row this transaction works on. @throws SessionsError `ratchet/conflict`, `ratchet/rolled-back` */
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
  const { crypto, store, tables, witness } = options
  // The witness first: what another commits in between makes the store look newer, never older.
  const seen = await readWitness(witness)
  const meta = await readMeta(store, tables)
  if (meta.witnessed && witness === undefined) throw new SessionsError('ratchet/witness-failed')
  const ledger = createLedger(crypto.randomBytes(WRITER_BYTES), witness !== undefined)
  ledger.load(meta, seen)
  return createGate(options, ledger, witnessing(witness, seen ?? -1))
}

function createGate({ store, tables, witness }: GateOptions, ledger: Ledger, seal: Witnessing): Gate {
  const owner = {}
  const committed = async (generation: number): Promise<void> => {
    ledger.committed(generation)
    await seal.reach(generation)
  }
  return {
    status: ledger.status,
    passage: (tx) => passageOf(tx, owner),
    check: async (tx) => {
      const passage = passageOf(tx, owner)
      if (passage.meta !== null) return passage.meta
      const meta = await readMeta(tx, tables)
      ledger.verify(meta)
      passage.meta = meta
      return meta
    },
    touch: (tx) => {
      const passage = passageOf(tx, owner)
      if (passage.meta === null) throw new RatchetError('ratchet/bad-argument', { details: { name: 'tx' } })
      if (passage.written) return passage.meta.generation
      passage.meta = ledger.next(passage.meta)
      passage.written = true
      writeMeta(tx, tables, passage.meta)
      return passage.meta.generation
    },
    transact: async (work) => {
      // What is durable already is witnessed before more is handed out.
      if (ledger.status() === 'ready') await seal.reach(ledger.highest())
      const { result, effects, written } = await runTransaction(store, owner, work)
      if (written !== null) await committed(written)
      for (const effect of effects) effect()
      return result
    },
    reload: async () => {
      const seen = await readWitness(witness)
      ledger.load(await readMeta(store, tables), seen)
    },
    reopen: async (work) => {
      const { lost, generation } = await store.transact(async (tx) => {
        const meta = await readMeta(tx, tables)
        const gone = Math.max(0, ledger.highest() - meta.generation)
        await work(tx, gone)
        const row = ledger.restart(meta)
        writeMeta(tx, tables, row)
        return { lost: gone, generation: row.generation }
      })
      ledger.recovered()
      await committed(generation)
      return lost
    },
  }
}
