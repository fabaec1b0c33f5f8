/** Tables of groups: their logs, what came too early, who is to be invited, and where members are read and written to. */
import * as v from 'valibot'
import { type Table, table } from './table.js'

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)
const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export interface GroupRow {
  readonly name: string
  /** The account that created it, as the group says. */
  readonly creator: string
  /** Accounts that might change its members when this device read it last: whose invitation it follows again. */
  readonly admins: readonly string[]
  readonly boxSeed: Uint8Array
  readonly active: boolean
  /** When a commit of somebody else has removed this device, in ms, while that may be taken back; else 0. */
  readonly removedAt: number
  readonly epoch: number
  /** Another one with every change of the log: what is kept of it in memory is of this change, or of none. */
  readonly revision: Uint8Array
  /** The passing of time may change something. */
  readonly restless: boolean
  /** A joiner has yet to be sent its Welcome. */
  readonly inviting: boolean
  /** Since when mail cannot be placed, in ms; 0 while all can. */
  readonly stalledAt: number
  /** Number in the outbox of the last plea's last frame; 0 before the first. */
  readonly asked: number
}
/** Group id. */
export const groupsTable: Table<GroupRow> = table(
  'group',
  v.strictObject({
    name: v.string(),
    creator: v.string(),
    admins: v.array(v.string()),
    boxSeed: bytes,
    active: v.boolean(),
    removedAt: count,
    epoch: count,
    revision: bytes,
    restless: v.boolean(),
    inviting: v.boolean(),
    stalledAt: count,
    asked: count,
  }),
)

/** Group id, key of the row: the log of its commits, as `@hyphae/mls/order` writes it. */
export const groupLogTable: Table<Uint8Array> = table('group-log', bytes)

export interface GroupEpochRow {
  readonly frameKey: Uint8Array
  readonly tagKey: Uint8Array
  /** Greater than that of all epochs whose keys were made, or written under, before. */
  readonly used: number
}
/** Group id, tag of the epoch: the outer keys of its frames. */
export const groupEpochsTable: Table<GroupEpochRow> = table(
  'group-epoch',
  v.strictObject({ frameKey: bytes, tagKey: bytes, used: count }),
)

/** Group id: by device id, the epoch whose outer keys a member has for certain. */
export const groupHeardTable: Table<Readonly<Record<string, string>>> = table(
  'group-heard',
  v.record(v.string(), v.string()),
)

/** Group id, name of the group message: the log number of what this node has sent in an epoch that may be given up. */
export const groupSentTable: Table<number> = table('group-sent', count)

export interface InviteRow {
  readonly group: string
  readonly account: string
  /** Encoded content with the Welcome; empty while the account has yet to be invited, once more. */
  readonly content: Uint8Array
  readonly message: string
}
/** Number: what joiners are sent once there is a session to do it in. */
export const invitesTable: Table<InviteRow> = table(
  'invite',
  v.strictObject({ group: v.string(), account: v.string(), content: bytes, message: v.string() }),
)

export interface EarlyFrameRow {
  /** Where it lay: its tag is bound to that. */
  readonly box: Uint8Array
  readonly frame: Uint8Array
}
/** Group id, number: frames that no known epoch opens yet. */
export const earlyFramesTable: Table<EarlyFrameRow> = table(
  'early',
  v.strictObject({ box: bytes, frame: bytes }),
)

export interface GroupTurnRow {
  /** Of the latest announcement; 0 before the first. */
  readonly number: number
  /** When the box in use came into use, in ms. */
  readonly since: number
  /** There was mail since. */
  readonly mail: boolean
  /** When this device wrote to the group last, in ms; 0 for never. */
  readonly wroteAt: number
  /** Boxes that are read besides the credential's, oldest first, and when each was replaced, in ms; 0 while in use. */
  readonly open: readonly { readonly box: Uint8Array; readonly replacedAt: number }[]
}
/** Group id. */
export const groupTurnsTable: Table<GroupTurnRow> = table(
  'group-turn',
  v.strictObject({
    number: count,
    since: count,
    mail: v.boolean(),
    wroteAt: count,
    open: v.array(v.strictObject({ box: bytes, replacedAt: count })),
  }),
)

export interface MemberBoxRow {
  /** The box in the credential by which the member was in the group when it told. */
  readonly credential: Uint8Array
  readonly box: Uint8Array
  readonly number: number
  readonly learnedAt: number
}
/** Group id, device id: where a member has told that it is written to. */
export const memberBoxesTable: Table<MemberBoxRow> = table(
  'member-box',
  v.strictObject({ credential: bytes, box: bytes, number: count, learnedAt: count }),
)

/** Group id, device id: members who send small frames, and whom no cover is sent. */
export const thinMembersTable: Table<true> = table('thin-member', v.literal(true))
