/**
 * Rows of registrations: what each box has, and the boxes in the order in which they were registered or renewed.
 *
 * The order has small rows with a number each, so that all boxes are read in pages, and what is old comes first.
 */
import type { Store, StoreTransaction } from '@hyphae/core'
import { PUSH_PAGE } from '../limits.js'

export interface Registration {
  /** Host and port; empty: this relay. */
  readonly gateway: string
  readonly token: Uint8Array
}

/** One row of the order. */
export interface Renewal {
  readonly box: Uint8Array
  readonly place: number
  /** Since 1970. */
  readonly day: number
}

const BOXES = 'push-box'
const ORDER = 'push-order'
const HEAD_BYTES = 7

/** place u48 | gateway length u8 | gateway | token */
function encode({ gateway, token }: Registration, place: number): Uint8Array {
  const name = Buffer.from(gateway)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntLE(place, 0, 6)
  head.writeUInt8(name.length, 6)
  return Buffer.concat([head, name, token])
}

function decode(value: Uint8Array): Registration & { readonly place: number } {
  const bytes = Buffer.from(value)
  const tokenAt = HEAD_BYTES + bytes.readUInt8(6)
  return {
    place: bytes.readUIntLE(0, 6),
    gateway: bytes.toString('utf8', HEAD_BYTES, tokenAt),
    token: new Uint8Array(bytes.subarray(tokenAt)),
  }
}

/** `day` u32 */
function encodeDay(day: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(day, 0)
  return bytes
}

export async function readRow(store: Store, box: Uint8Array): Promise<Registration | undefined> {
  const held = await store.get([BOXES, box])
  return held === undefined ? undefined : decode(held)
}

/** At most a page of them, the oldest first, from a place on. */
export async function readOrder(store: Store, from: number): Promise<Renewal[]> {
  const rows = await store.list([ORDER], { from, limit: PUSH_PAGE })
  return rows.map(({ key, value }) => ({
    place: key[1] as number,
    box: key[2] as Uint8Array,
    day: Buffer.from(value).readUInt32LE(0),
  }))
}

export async function deleteRow(tx: StoreTransaction, box: Uint8Array): Promise<void> {
  const held = await tx.get([BOXES, box])
  if (held === undefined) return
  tx.delete([BOXES, box])
  tx.delete([ORDER, decode(held).place, box])
}

export async function putRow(
  tx: StoreTransaction,
  { box, place, day }: Renewal,
  registration: Registration,
): Promise<void> {
  await deleteRow(tx, box)
  tx.put([BOXES, box], encode(registration, place))
  tx.put([ORDER, place, box], encodeDay(day))
}

/** False: the box was renewed or dropped since; the row of the order is gone in any case, and not found again. */
export async function deleteOld(tx: StoreTransaction, { box, place }: Renewal): Promise<boolean> {
  tx.delete([ORDER, place, box])
  const held = await tx.get([BOXES, box])
  if (held === undefined || decode(held).place !== place) return false
  tx.delete([BOXES, box])
  return true
}
