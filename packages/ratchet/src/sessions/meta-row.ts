/**
 * The one row that every transaction of the manager checks and replaces (spec/session.md, "Generations").
 *
 *   version u8 | flags u8: 1 witnessed | generation u48 | floor u48 | writer 16
 *
 * A session that was made before the floor's generation only receives.
 */
import { equalBytes, type StoreReader, type StoreTransaction } from '@hyphae/core'
import { bytes as bytesOf, type Codec, checked, decode, encode, struct, time, u8 } from '../codec.js'
import { RatchetError } from '../errors.js'
import type { Tables } from './tables.js'
import { checkVersion } from './version.js'

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

type StoredMeta = Omit<MetaRow, 'witnessed'> & { readonly version: number; readonly flags: number }

const ROW: Codec<StoredMeta> = /* @__PURE__ */ struct({
  version: u8,
  flags: /* @__PURE__ */ checked(u8, (flags) => flags <= WITNESSED),
  generation: time,
  floor: time,
  writer: /* @__PURE__ */ bytesOf(WRITER_BYTES),
})

export function encodeMeta(row: MetaRow): Uint8Array {
  return encode(ROW, { ...row, version: VERSION, flags: row.witnessed ? WITNESSED : 0 }, ROW_BYTES)
}

export function sameMeta(a: MetaRow, b: MetaRow): boolean {
  return a.generation === b.generation && equalBytes(a.writer, b.writer)
}

/** @throws RatchetError `ratchet/bad-snapshot`, `ratchet/unsupported-version` */
export function decodeMeta(bytes: Uint8Array): MetaRow {
  checkVersion(bytes, VERSION)
  const { generation, floor, writer, flags } = decode(ROW, bytes, 'ratchet/bad-snapshot')
  if (floor > generation) throw new RatchetError('ratchet/bad-snapshot', { details: { floor } })
  return { generation, floor, writer, witnessed: flags === WITNESSED }
}
