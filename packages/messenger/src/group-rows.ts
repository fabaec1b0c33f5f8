/** Tables of groups: their MLS states, what came too early, and where their members are read and written to. */
import * as v from 'valibot'
import { type Table, table } from './table.js'

const bytes: v.GenericSchema<Uint8Array> = v.instance(Uint8Array)
const count: v.GenericSchema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export interface GroupRow {
  readonly state: Uint8Array
  readonly name: string
  readonly admin: string
  readonly boxSeed: Uint8Array
  readonly active: boolean
}
/** Group id. */
export const groupsTable: Table<GroupRow> = table(
  'group',
  v.strictObject({ state: bytes, name: v.string(), admin: v.string(), boxSeed: bytes, active: v.boolean() }),
)

export interface GroupEpochRow {
  readonly frameKey: Uint8Array
  readonly tagKey: Uint8Array
}
/** Group id, epoch. */
export const groupEpochsTable: Table<GroupEpochRow> = table(
  'group-epoch',
  v.strictObject({ frameKey: bytes, tagKey: bytes }),
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
