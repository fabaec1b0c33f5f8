/**
 * What one instance knows of the store's generations: which rows are its own doing, and how far they ever were
 * (spec/session.md, "Generations" and "Rollback"). Reads and writes nothing.
 */
import { equalBytes } from '@hyphae/core'
import { SessionsError } from './errors.js'
import { type MetaRow, sameMeta } from './meta-row.js'

export type SessionsStatus = 'ready' | 'rolled-back'

export interface Ledger {
  status(): SessionsStatus
  /** Highest generation known to be durable, or to have left this device. */
  highest(): number
  /** @throws SessionsError `ratchet/conflict`, `ratchet/rolled-back` */
  verify(meta: MetaRow): void
  /** A generation of this instance is durable. */
  committed(generation: number): void
  /** Goes on from this row, unless it is an old one. */
  load(meta: MetaRow, witnessed: number | undefined): void
  /** The row after this one. */
  next(meta: MetaRow): MetaRow
  /** The first row after a recovery: above all that was seen, and nothing from before sends. */
  restart(meta: MetaRow): MetaRow
  recovered(): void
}

/** `witness`: there is one, so rows say that it was there. */
export function createLedger(writer: Uint8Array, witness: boolean): Ledger {
  let status: SessionsStatus = 'ready'
  let loaded: MetaRow | null = null
  let highest = 0

  const isKnown = (meta: MetaRow): boolean =>
    equalBytes(meta.writer, writer) || (loaded !== null && sameMeta(meta, loaded))
  return {
    status: () => status,
    highest: () => highest,
    verify: (meta) => {
      const { generation } = meta
      if (generation < highest) status = 'rolled-back'
      if (status === 'rolled-back')
        throw new SessionsError('ratchet/rolled-back', { details: { generation, seen: highest } })
      if (!isKnown(meta)) throw new SessionsError('ratchet/conflict', { details: { generation } })
    },
    committed: (generation) => {
      highest = Math.max(highest, generation)
    },
    load: (meta, witnessed) => {
      highest = Math.max(highest, meta.generation, witnessed ?? 0)
      loaded = meta
      if (meta.generation < highest || isOrphan(meta, witnessed, witness)) status = 'rolled-back'
    },
    next: (meta) => ({
      generation: meta.generation + 1,
      floor: meta.floor,
      writer,
      witnessed: meta.witnessed || witness,
    }),
    restart: (meta) => {
      const generation = Math.max(highest, meta.generation) + 1
      return { generation, floor: generation, writer, witnessed: meta.witnessed || witness }
    },
    recovered: () => {
      status = 'ready'
    },
  }
}

/** A witness that knows less than the store is late by a crash; one that knows nothing was left behind by a copy. */
function isOrphan(meta: MetaRow, witnessed: number | undefined, witness: boolean): boolean {
  return witness && meta.witnessed && witnessed === undefined
}
