/**
 * The one row that every transaction of the manager checks and replaces (spec/session.md, "Generations").
 *
 *   version u8 | flags u8: 1 witnessed | generation u48 | floor u48 | writer 16
 *
 * A session that was made before the floor's generation only receives.
 */
import { equalBytes, type StoreReader, type StoreTransaction } from '@hyphae/core'
import { byteReader, byteWriter } from '../bytes.js'
import { RatchetError } from '../errors.js'
import type { Tables } from './tables.js'

export const WRITER_BYTES = 16
const VERSION = 1
const WITNESSED = 1
const ROW_BYTES = 1 + 1 + 6 + 6 + WRITER_BYTES

export interface MetaRow {
  /** Transactions of the manager so far, over the life of the store. */
  readonly generation: number
  readonly floor: number
  /** Random name of the instance that wrote it. */
  readonly writer: Uint8Array
  /** A witness was there when it was written. */
  readonly witnessed: boolean
}

const FIRST: MetaRow = { generation: 0, floor: 0, writer: new Uint8Array(WRITER_BYTES), witnessed: false }

/** Of an empty store: generation 0. */
export async function readMeta(reader: StoreReader, tables: Tables): Promise<MetaRow> {
  const bytes = await reader.get(tables.meta())
  return bytes === undefined ? FIRST : decodeMeta(bytes)
}

export function writeMeta(tx: StoreTransaction, tables: Tables, row: MetaRow): void {
  tx.put(tables.meta(), encodeMeta(row))
}

export function encodeMeta(row: MetaRow): Uint8Array {
  const writer = byteWriter(ROW_BYTES)
    .u8(VERSION)
    .u8(row.witnessed ? WITNESSED : 0)
  return writer.time(row.generation).time(row.floor).bytes(row.writer).done()
}

export function sameMeta(a: MetaRow, b: MetaRow): boolean {
  return a.generation === b.generation && equalBytes(a.writer, b.writer)
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeMeta(bytes: Uint8Array): MetaRow {
  const reader = byteReader(bytes, 'ratchet/bad-snapshot')
  const version = reader.u8()
  if (version !== VERSION) throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  const flags = reader.u8()
  const row = { generation: reader.time(), floor: reader.time(), writer: reader.bytes(WRITER_BYTES) }
  reader.end()
  if (flags > WITNESSED || row.floor > row.generation)
    throw new RatchetError('ratchet/bad-snapshot', { details: { flags, floor: row.floor } })
  return { ...row, witnessed: flags === WITNESSED }
}
