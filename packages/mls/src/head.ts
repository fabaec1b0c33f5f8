/**
 * The head row of a group state: group context, key schedule, own keys, pending proposals, and what is kept of
 * past epochs but their secret trees. It changes when an epoch begins or a proposal arrives, not with messages.
 */
import type { GroupActiveState, GroupContext, PrivateKeyPath } from 'ts-mls'
import { decodeUint8, decodeUint32, uint8Encoder, uint32Encoder } from 'ts-mls/codec/number.js'
import {
  decodeVarLenData,
  decodeVarLenType,
  varLenDataEncoder,
  varLenTypeEncoder,
} from 'ts-mls/codec/variableLength.js'
import { decodeGroupActiveState, groupActiveStateEncoder } from 'ts-mls/groupActiveState.js'
import { decodeGroupContext, groupContextEncoder } from 'ts-mls/groupContext.js'
import { decodeKeySchedule, type KeySchedule, keyScheduleEncoder } from 'ts-mls/keySchedule.js'
import { decodePrivateKeyPath, privateKeyPathEncoder } from 'ts-mls/privateKeyPath.js'
import {
  decodeUnappliedProposals,
  type UnappliedProposals,
  unappliedProposalsEncoder,
} from 'ts-mls/unappliedProposals.js'
import { type Codec, decodeExact, encodeExact, structOf } from './codec.js'
import { MlsError } from './errors.js'
import { MAX_HEAD_BYTES } from './limits.js'
import type { GroupData, PastEpoch } from './state.js'

/** Of the rows, not of the protocol: another version is refused whole. */
const ROWS_VERSION = 2

/** A past epoch without its secret tree, but with the number of leaves that tree has. */
export interface PastHead {
  readonly groupContext: GroupContext
  readonly senderDataSecret: Uint8Array
  readonly members: Uint8Array
  readonly width: number
}

export interface Head {
  readonly version: number
  readonly groupContext: GroupContext
  readonly keySchedule: KeySchedule
  readonly privatePath: PrivateKeyPath
  readonly signaturePrivateKey: Uint8Array
  readonly unappliedProposals: UnappliedProposals
  readonly confirmationTag: Uint8Array
  readonly groupActiveState: GroupActiveState
  /** Nodes of the ratchet tree. */
  readonly nodes: number
  readonly past: PastHead[]
}

const bytes: Codec<Uint8Array> = { encoder: varLenDataEncoder, decode: decodeVarLenData }
const uint32: Codec<number> = { encoder: uint32Encoder, decode: decodeUint32 }
const groupContext: Codec<GroupContext> = { encoder: groupContextEncoder, decode: decodeGroupContext }

const past: Codec<PastHead> = structOf({
  groupContext,
  senderDataSecret: bytes,
  members: bytes,
  width: uint32,
})

const head: Codec<Head> = structOf({
  version: { encoder: uint8Encoder, decode: decodeUint8 },
  groupContext,
  keySchedule: { encoder: keyScheduleEncoder, decode: decodeKeySchedule },
  privatePath: { encoder: privateKeyPathEncoder, decode: decodePrivateKeyPath },
  signaturePrivateKey: bytes,
  unappliedProposals: { encoder: unappliedProposalsEncoder, decode: decodeUnappliedProposals },
  confirmationTag: bytes,
  groupActiveState: { encoder: groupActiveStateEncoder, decode: decodeGroupActiveState },
  nodes: uint32,
  past: { encoder: varLenTypeEncoder(past.encoder), decode: decodeVarLenType(past.decode) },
})

function pastHead({ groupContext, senderDataSecret, members, secretTree }: PastEpoch): PastHead {
  return { groupContext, senderDataSecret, members, width: secretTree.width }
}

export function encodeHead(state: GroupData): Uint8Array {
  return encodeExact(head.encoder, {
    ...state,
    version: ROWS_VERSION,
    nodes: state.ratchetTree.length,
    past: [...state.pastEpochs.values()].map(pastHead),
  })
}

/** @throws MlsError `mls/bad-snapshot`, also for another version */
export function decodeHead(row: Uint8Array): Head {
  const read = decodeExact(head.decode, head.encoder, row, MAX_HEAD_BYTES, 'mls/bad-snapshot')
  if (read.version !== ROWS_VERSION)
    throw new MlsError('mls/bad-snapshot', { details: { version: read.version } })
  return read
}

function pastChanged(before: GroupData, after: GroupData): boolean {
  if (before.pastEpochs === after.pastEpochs) return false
  if (before.pastEpochs.size !== after.pastEpochs.size) return true
  return [...after.pastEpochs].some(([epoch, past]) => before.pastEpochs.get(epoch)?.members !== past.members)
}

/** False when the head row of `before` serves `after` too. */
export function headChanged(before: GroupData, after: GroupData): boolean {
  return (
    before.groupContext !== after.groupContext ||
    before.keySchedule !== after.keySchedule ||
    before.privatePath !== after.privatePath ||
    before.signaturePrivateKey !== after.signaturePrivateKey ||
    before.unappliedProposals !== after.unappliedProposals ||
    before.confirmationTag !== after.confirmationTag ||
    before.groupActiveState.kind !== after.groupActiveState.kind ||
    before.ratchetTree.length !== after.ratchetTree.length ||
    pastChanged(before, after)
  )
}
