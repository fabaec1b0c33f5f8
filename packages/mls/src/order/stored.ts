/** The parts of a log as bytes, encoder and decoder side by side. The version of all stands in the row `log`. */
import { concatBytes, GROUP_ID_BYTES } from '@hyphae/core'
import { MlsError } from '../errors.js'
import { MAX_MEMBERS } from '../limits.js'
import type { GroupState, Member } from '../state.js'
import {
  bytes,
  type Codec,
  count,
  decodeAll,
  flag,
  hex,
  hexUpTo,
  list,
  nullable,
  oneOf,
  record,
  text,
} from './fields.js'
import {
  HORIZON,
  MAX_APART,
  MAX_BEACONS,
  MAX_EVIDENCE,
  MAX_HISTORY,
  MAX_KEY_BYTES,
  MAX_PROPOSALS,
  MAX_REFUSED,
  MAX_SENT,
  MAX_VOIDED,
  TAG_BYTES,
} from './limits.js'
import type {
  Beacon,
  CommitLink,
  EarlyEnvelope,
  EpochNode,
  Equivocation,
  GroupLog,
  HeldMessage,
  Offer,
  PastEpoch,
  PendingWelcome,
  Stall,
} from './log.js'

const VERSION = 2
const DIGEST_BYTES = 32
const tag = hex(TAG_BYTES)
const key = hexUpTo(MAX_KEY_BYTES)
const member: Codec<Member> = record({ leaf: count, credential: bytes, signatureKey: bytes })
const memberList = list(member, MAX_MEMBERS)

type LinkFields = Omit<CommitLink, 'envelope'>
const link: Codec<LinkFields> = record({
  digest: bytes,
  committer: member,
  actor: text,
  privileged: flag,
  selector: bytes,
  added: memberList,
  removed: memberList,
  own: flag,
  published: flag,
  sequenced: flag,
})

interface NodeFields {
  readonly tag: string
  readonly epoch: number
  readonly parent: string | null
  readonly active: boolean
  readonly link: LinkFields | null
  readonly idle: number
  readonly proposals: readonly Uint8Array[]
}

const node: Codec<NodeFields> = record({
  tag,
  epoch: count,
  parent: nullable(tag),
  active: flag,
  link: nullable(link),
  idle: count,
  proposals: list(bytes, MAX_PROPOSALS),
})

const sent: Codec<readonly string[]> = list(hex(DIGEST_BYTES / 2), MAX_SENT)
export const encodeSent = (names: readonly string[]): Uint8Array => sent.write(names)

/** Without its state, the envelope of its commit and the names of its messages, which have rows of their own. */
export function encodeNode(value: EpochNode): Uint8Array {
  return node.write(value)
}

/** @throws MlsError `mls/bad-snapshot` */
export function decodeNode(
  row: Uint8Array,
  state: GroupState,
  beside: { readonly envelope: Uint8Array | undefined; readonly names: Uint8Array | undefined },
): EpochNode {
  const { link: fields, ...rest } = decodeAll(node, row)
  const { envelope, names } = beside
  if ((fields === null) !== (envelope === undefined) || names === undefined)
    throw new MlsError('mls/bad-snapshot')
  const whole = fields === null || envelope === undefined ? null : { ...fields, envelope: envelope.slice() }
  return { ...rest, state, link: whole, sent: decodeAll(sent, names) }
}

const early: Codec<EarlyEnvelope> = record({
  kind: oneOf('proposal', 'commit', 'application'),
  bytes,
  digest: hex(DIGEST_BYTES),
  id: hex(DIGEST_BYTES / 2),
  tag,
  epoch: count,
  since: count,
})
export const encodeEarly = (value: EarlyEnvelope): Uint8Array => early.write(value)
export const decodeEarly = (row: Uint8Array): EarlyEnvelope => decodeAll(early, row)

const held: Codec<HeldMessage> = record({
  digest: hex(DIGEST_BYTES),
  tag,
  bytes,
  sender: key,
})
export const encodeHeld = (value: HeldMessage): Uint8Array => held.write(value)
export const decodeHeld = (row: Uint8Array): HeldMessage => decodeAll(held, row)

const welcome: Codec<PendingWelcome> = record({
  tag,
  welcome: bytes,
  members: memberList,
  since: count,
  sent: flag,
})
export const encodeWelcome = (value: PendingWelcome): Uint8Array => welcome.write(value)
export const decodeWelcome = (row: Uint8Array): PendingWelcome => decodeAll(welcome, row)

const past: Codec<PastEpoch> = record({ tag, epoch: count })
const beacon: Codec<Beacon> = record({
  key,
  epoch: count,
  lineage: list(tag, HORIZON + 1),
  nonce: count,
  apart: nullable(tag),
  leaving: flag,
})

const digests: Codec<readonly [Uint8Array, Uint8Array]> = {
  write: ([a, b]) => concatBytes(bytes.write(a), bytes.write(b)),
  read: (from) => [bytes.read(from), bytes.read(from)],
}
const equivocation: Codec<Equivocation> = record({ parent: tag, epoch: count, committer: member, digests })

const offer: Codec<Offer> = record({ keyPackage: bytes, target: tag, since: count })
const stall: Codec<Stall> = record({
  since: count,
  tag,
  epoch: count,
  shown: flag,
  asked: nullable(count),
  late: flag,
  leaving: flag,
  offer: nullable(offer),
})

const submitted: Codec<NonNullable<GroupLog['submitted']>> = record({ tag, since: count, taken: flag })

/** What is small, and the order in which the envelopes that wait came. */
export interface Rest
  extends Omit<GroupLog, 'nodes' | 'early' | 'held' | 'intents' | 'welcomes' | 'beacons'> {
  readonly beacons: readonly Beacon[]
}

const rest: Codec<Rest> = record({
  group: hex(GROUP_ID_BYTES),
  root: tag,
  tip: tag,
  submitted: nullable(submitted),
  history: list(past, MAX_HISTORY),
  refused: list(hex(DIGEST_BYTES), MAX_REFUSED),
  evidence: list(equivocation, MAX_EVIDENCE),
  beacons: list(beacon, MAX_BEACONS),
  stall: nullable(stall),
  spoken: count,
  apart: list(tag, MAX_APART),
  answered: nullable(count),
  voided: list(key, MAX_VOIDED),
  counter: count,
})

export function encodeRest(log: GroupLog): Uint8Array {
  return concatBytes(Uint8Array.of(VERSION), rest.write({ ...log, beacons: [...log.beacons.values()] }))
}

/** @throws MlsError `mls/bad-snapshot` */
export function decodeRest(row: Uint8Array): Rest {
  if (row[0] !== VERSION) throw new MlsError('mls/bad-snapshot', { details: { version: row[0] ?? -1 } })
  return decodeAll(rest, row.subarray(1))
}
