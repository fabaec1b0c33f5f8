/** What a relay says it offers: the fields of a `description`. spec/relay.md section 3.6. */

import type { DescriptionField } from './about-replies.js'
import {
  malformed,
  readU16,
  readU32,
  remainingBytes,
  wireReader,
  wireWriter,
  writeU16,
  writeU32,
} from './bytes.js'
import { type TicketKind, TTL_CLASSES, ticketKinds, ticketSet } from './ticket.js'

export interface Description {
  /** Days a frame may be put for. */
  readonly ttl: readonly number[]
  /** Kinds of tickets it accepts; with `none`, boxes without terms take frames from anybody. */
  readonly tickets: readonly TicketKind[]
  /** Leading zero bits of a work ticket. */
  readonly workBits: number
  /** The most bits of a bucket that it lets be read now. */
  readonly bucketBits: number
  /** Boxes with mail that a bucket of so many bits holds in the mean. */
  readonly bucketBoxes: number
  readonly framesPerBox: number
  /** Bits of a bucket of records that it recommends. */
  readonly recordBits: number
  readonly logEntries: number
  readonly logBytes: number
  /** Listeners to one channel. */
  readonly listeners: number
  /** Requests that cost a signature check, per second and connection, and at once. */
  readonly costlyPerSecond: number
  readonly costlyBurst: number
  readonly operationsPerSecond: number
  /** Codes of the requests it answers. */
  readonly requests: readonly number[]
  /** What it charges, in the form of its payment methods; empty: nothing. */
  readonly price: Uint8Array
  /** Kinds of tickets that let a blob, an entry of a log, an upload of a stock be written; as in `tickets`. */
  readonly blobTickets: readonly TicketKind[]
  readonly logTickets: readonly TicketKind[]
  readonly stockTickets: readonly TicketKind[]
  /** Names the store whose positions it gives out, 16 bytes; empty: it does not say, and no position outlives it. */
  readonly store: Uint8Array
}

/** A relay that does not know `describe`: codes 1 to 16. */
export const FIRST_DESCRIPTION: Description = {
  ttl: [30],
  tickets: ['none'],
  workBits: 0,
  bucketBits: 0,
  bucketBoxes: 0,
  recordBits: 0,
  framesPerBox: 1024,
  logEntries: 0,
  logBytes: 0,
  listeners: 0,
  costlyPerSecond: 200,
  costlyBurst: 4096,
  operationsPerSecond: 50_000,
  requests: Array.from({ length: 16 }, (_, i) => i + 1),
  price: new Uint8Array(0),
  blobTickets: ['none'],
  logTickets: ['none'],
  stockTickets: ['none'],
  store: new Uint8Array(0),
}

const TTL = 1
const TICKETS = 2
const REQUESTS = 3
const PRICE = 4
const STORE = 5
/** Left out by a relay that asks for none. */
const SETS = { blobTickets: 6, logTickets: 7, stockTickets: 8 } as const
type SetName = keyof typeof SETS
const SET_NAMES = Object.keys(SETS) as SetName[]
const STORE_BYTES = 16
/** One u32 each. */
const NUMBERS = {
  workBits: 16,
  bucketBits: 17,
  bucketBoxes: 18,
  framesPerBox: 19,
  logEntries: 20,
  logBytes: 21,
  listeners: 22,
  costlyPerSecond: 23,
  costlyBurst: 24,
  operationsPerSecond: 25,
  recordBits: 26,
} as const

type NumberName = keyof typeof NUMBERS
const NUMBER_NAMES = Object.keys(NUMBERS) as NumberName[]

function u16Bytes(value: number): Uint8Array {
  const writer = wireWriter(2)
  writeU16(writer, value)
  return writer.bytes
}

function u32Bytes(value: number): Uint8Array {
  const writer = wireWriter(4)
  writeU32(writer, Math.min(value, 0xffff_ffff))
  return writer.bytes
}

export function describeFields(description: Description): DescriptionField[] {
  return [
    { key: TTL, value: Uint8Array.from(description.ttl) },
    { key: TICKETS, value: u16Bytes(ticketSet(description.tickets)) },
    { key: REQUESTS, value: Uint8Array.from(description.requests) },
    { key: PRICE, value: description.price },
    ...(description.store.length === 0 ? [] : [{ key: STORE, value: description.store }]),
    ...SET_NAMES.map((name) => ({ key: SETS[name], value: u16Bytes(ticketSet(description[name])) })),
    ...NUMBER_NAMES.map((name) => ({ key: NUMBERS[name], value: u32Bytes(description[name]) })),
  ]
}

function readNumber(value: Uint8Array, read: (reader: ReturnType<typeof wireReader>) => number): number {
  const reader = wireReader(value)
  const number = read(reader)
  if (remainingBytes(reader) !== 0) throw malformed('bad-length', { length: value.length })
  return number
}

/**
 * Fields of later versions are passed over; what is missing counts as not offered.
 * @throws RelayCarrierError `relay-carrier/malformed`
 */
export function readDescription(fields: readonly DescriptionField[]): Description {
  const values = new Map(fields.map(({ key, value }) => [key, value]))
  const bytes = (key: number): Uint8Array => (values.get(key) ?? new Uint8Array(0)).slice()
  const numbers = NUMBER_NAMES.map((name) => {
    const value = values.get(NUMBERS[name])
    return [name, value === undefined ? 0 : readNumber(value, readU32)]
  })
  const sets = SET_NAMES.map((name) => {
    const value = values.get(SETS[name])
    return [name, value === undefined ? ['none'] : ticketKinds(readNumber(value, readU16))]
  })
  const tickets = values.get(TICKETS)
  const offered = [...bytes(TTL)]
  return {
    ...(Object.fromEntries(numbers) as Record<NumberName, number>),
    ...(Object.fromEntries(sets) as Record<SetName, readonly TicketKind[]>),
    ttl: TTL_CLASSES.filter((days) => offered.includes(days)),
    tickets: tickets === undefined ? [] : ticketKinds(readNumber(tickets, readU16)),
    requests: [...bytes(REQUESTS)],
    price: bytes(PRICE),
    store: bytes(STORE).slice(0, STORE_BYTES),
  }
}
