/** Every table of the node. Each key's parts stand in the comment above its table; spec/messenger.md lists them. */
import * as v from 'valibot'
import { type Table, table } from './table.js'

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)
const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export interface SelfRow {
  readonly accountSeed: Uint8Array
  readonly deviceKeys: Uint8Array
  readonly certificate: Uint8Array
  readonly published: boolean
  /** When the present intro box was made, in ms. */
  readonly introSince: number
  /** What the directories have is of no use any more, and is to be replaced in all of them. */
  readonly restock: 'nothing' | 'prekeys' | 'all'
}
/** One row, no parts: the account and device this store belongs to. */
export const selfTable: Table<SelfRow> = table(
  'self',
  v.strictObject({
    accountSeed: bytes,
    deviceKeys: bytes,
    certificate: bytes,
    published: v.boolean(),
    introSince: count,
    restock: v.picklist(['nothing', 'prekeys', 'all']),
  }),
)

/** One row, no parts: the directory record that a strict node publishes, encoded. */
export const publishedTable: Table<Uint8Array> = table('published', bytes)

export interface KeyPackageRow {
  readonly keyPackage: Uint8Array
  readonly secret: Uint8Array
  readonly boxSeed: Uint8Array
  /** Handed out again and again when the others are used up, so it is kept. */
  readonly lastResort: boolean
}
/** SHA-256 of the KeyPackage. */
export const keyPackagesTable: Table<KeyPackageRow> = table(
  'key-package',
  v.strictObject({ keyPackage: bytes, secret: bytes, boxSeed: bytes, lastResort: v.boolean() }),
)

/** Box of a KeyPackage, carrier, cursor: a frame that lay in it before its Welcome came. */
export const awaitedFramesTable: Table<Uint8Array> = table('awaited', bytes)

export interface SpareRow {
  /** Empty while none has come. */
  readonly keyPackage: Uint8Array
  /** Milliseconds. */
  readonly receivedAt: number
  /** When one was asked for that has not come, in ms; 0 when none is awaited. */
  readonly askedAt: number
}
/** Device id: a KeyPackage that the device has given this one. */
export const sparesTable: Table<SpareRow> = table(
  'spare',
  v.strictObject({ keyPackage: bytes, receivedAt: count, askedAt: count }),
)

/** Device id: hashes of the KeyPackages that the device was given, oldest first. */
export const givenTable: Table<readonly string[]> = table('given', v.array(v.string()))

export interface ContactRow {
  readonly account: Uint8Array
  /** Encoded identity record; empty until one was fetched. */
  readonly record: Uint8Array
  /** Encoded device certificates, those of the record and those met in handshakes. */
  readonly certificates: readonly Uint8Array[]
  /** Encoded pin of the record; empty until one was fetched. */
  readonly pin: Uint8Array
  readonly fetchedAt: number
}
/** Account id. */
export const contactsTable: Table<ContactRow> = table(
  'contact',
  v.strictObject({
    account: bytes,
    record: bytes,
    certificates: v.array(bytes),
    pin: bytes,
    fetchedAt: count,
  }),
)

export interface IntroBoxRow {
  readonly kind: 'intro'
  readonly seed: Uint8Array
  /** Milliseconds; 0 while the published certificate names it. */
  readonly replacedAt: number
}
export interface SessionBoxRow {
  readonly kind: 'session'
  readonly seed: Uint8Array
  readonly account: string
  readonly device: string
  readonly session: string
  readonly epoch: number
}
export type BoxRow =
  | IntroBoxRow
  | SessionBoxRow
  | { readonly kind: 'group'; readonly seed: Uint8Array; readonly group: string }
/** Box id: the mailboxes this node reads. */
export const boxesTable: Table<BoxRow> = table(
  'box',
  v.variant('kind', [
    v.strictObject({ kind: v.literal('intro'), seed: bytes, replacedAt: count }),
    v.strictObject({
      kind: v.literal('session'),
      seed: bytes,
      account: v.string(),
      device: v.string(),
      session: v.string(),
      epoch: count,
    }),
    v.strictObject({ kind: v.literal('group'), seed: bytes, group: v.string() }),
  ]),
)

/** A box that is read, and since when a later one but one has been used instead, in ms; 0 while none was. */
export interface OpenBox {
  readonly epoch: number
  readonly box: Uint8Array
  readonly replacedAt: number
}
export interface TurnRow {
  readonly account: string
  /** What the boxes of either side follow from, and where they lie. */
  readonly own: Uint8Array
  readonly peer: Uint8Array
  readonly home: number
  readonly peerHome: number
  /** The latest epoch in which the peer was heard. */
  readonly heard: number
  /** Boxes that are read, oldest first. */
  readonly open: readonly OpenBox[]
  /** The latest epoch in which the peer has heard this node. */
  readonly confirmed: number
  /** The epoch that is written in, since when in ms, and its box. */
  readonly sends: number
  readonly since: number
  readonly box: Uint8Array
  /** The peer sends small frames: it is behind a thin link. */
  readonly thin: boolean
}
/** Device id, session id. */
export const turnsTable: Table<TurnRow> = table(
  'turn',
  v.strictObject({
    account: v.string(),
    own: bytes,
    peer: bytes,
    home: count,
    peerHome: count,
    heard: count,
    open: v.array(v.strictObject({ epoch: count, box: bytes, replacedAt: count })),
    confirmed: count,
    sends: count,
    since: count,
    box: bytes,
    thin: v.boolean(),
  }),
)

/** Carrier, bits, prefix: how far a bucket was read. */
export const placesTable: Table<number> = table('bucket', count)

/** Device id: the session and epoch in which it was heard last, when that is not the first. */
export const heardTable: Table<{ readonly session: string; readonly epoch: number }> = table(
  'heard',
  v.strictObject({ session: v.string(), epoch: count }),
)

export interface OutboxRow {
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly frame: Uint8Array
  /** Message whose delivery this frame is part of; empty for receipts and control. */
  readonly message: string
  /** Session, hexadecimal; empty for group frames. */
  readonly session: string
}
/** Number in sending order. */
export const outboxTable: Table<OutboxRow> = table(
  'outbox',
  v.strictObject({ box: bytes, id: bytes, frame: bytes, message: v.string(), session: v.string() }),
)

export interface SentRow {
  /** Its log number; 0 for a message to a group, which is not sealed for one device. */
  readonly number: number
  /** Frames that no carrier has stored. */
  readonly pending: number
  readonly recipients: readonly string[]
  readonly delivered: readonly string[]
  readonly read: readonly string[]
}
/** Message id. */
export const sentTable: Table<SentRow> = table(
  'sent',
  v.strictObject({
    number: count,
    pending: count,
    recipients: v.array(v.string()),
    delivered: v.array(v.string()),
    read: v.array(v.string()),
  }),
)

/** The session that a message was last sealed in for a device. */
export interface SealedFor {
  readonly device: string
  readonly session: string
}
export interface UndeliveredRow {
  /** The devices that have not confirmed it. */
  readonly devices: readonly SealedFor[]
  /** Encoded content of what the log does not have: a Welcome; else empty. */
  readonly content: Uint8Array
}
/** Account id, log number. */
export const undeliveredTable: Table<UndeliveredRow> = table(
  'undelivered',
  v.strictObject({
    devices: v.array(v.strictObject({ device: v.string(), session: v.string() })),
    content: bytes,
  }),
)

/** Message id of a Welcome: the number that it has instead of one in the log. */
export const welcomesTable: Table<number> = table('welcome', count)

export interface OwedRow {
  readonly account: string
  /** Messages that came in a session that only receives, and are not confirmed yet. */
  readonly ids: readonly string[]
}
/** Device id: a session shall be begun with it without waiting for something to send. */
export const owedTable: Table<OwedRow> = table(
  'owed',
  v.strictObject({ account: v.string(), ids: v.array(v.string()) }),
)

export interface UnconfirmedRow {
  readonly account: string
  /** Messages whose receipt is not sealed yet. */
  readonly ids: readonly string[]
}
/** Device id: what is confirmed to it in the next slot that is free. */
export const unconfirmedTable: Table<UnconfirmedRow> = table(
  'unconfirmed',
  v.strictObject({ account: v.string(), ids: v.array(v.string()) }),
)

export interface LogRow {
  readonly direction: 'in' | 'out'
  /** `direct:<account id>` or `group:<group id>`. */
  readonly place: string
  readonly account: string
  readonly device: string
  /** Encoded content message. */
  readonly content: Uint8Array
  readonly receivedAt: number
  /** Parents that were not here when the message came. */
  readonly missing: readonly string[]
}
/** Number in order of arrival. */
export const logTable: Table<LogRow> = table(
  'log',
  v.strictObject({
    direction: v.picklist(['in', 'out']),
    place: v.string(),
    account: v.string(),
    device: v.string(),
    content: bytes,
    receivedAt: count,
    missing: v.array(v.string()),
  }),
)

/** Place, log number: the messages of one conversation. */
export const historyTable: Table<boolean> = table('history', v.boolean())

/** Sender's account, message id: what has been logged, so that nothing is logged twice. */
export const seenTable: Table<boolean> = table('seen', v.boolean())

/** Place: ids of its latest messages. */
export const headsTable: Table<readonly string[]> = table('heads', v.array(v.string()))

export interface ReadingRow {
  /** Last log number handed to the reader of messages(). */
  readonly offered: number
  /** Last log number the reader came back from. */
  readonly done: number
}
/** One row, no parts. */
export const readingTable: Table<ReadingRow> = table(
  'reading',
  v.strictObject({ offered: count, done: count }),
)

export interface FragmentSetRow {
  readonly id: number
  readonly count: number
  readonly have: readonly number[]
}
/** Place of assembly: the contents that are under way there, oldest first. */
export const fragmentSetsTable: Table<readonly FragmentSetRow[]> = table(
  'fragment-set',
  v.array(v.strictObject({ id: count, count, have: v.array(count) })),
)
/** Place of assembly, set id, index. */
export const fragmentsTable: Table<Uint8Array> = table('fragment', bytes)

export interface HandleRow {
  /** Encoded pin. */
  readonly pin: Uint8Array
  /** Encoded record of another account that waits for a decision; empty when none does. */
  readonly proposal: Uint8Array
}
/** Canonical handle. */
export const handlesTable: Table<HandleRow> = table('handle', v.strictObject({ pin: bytes, proposal: bytes }))
