/**
 * The head row of a group state: group context, key schedule, own keys, pending proposals, and what is kept of
 * past epochs but their secret trees. It changes when an epoch begins or a proposal arrives, not with messages.
 */
import type { Decoder, GroupActiveState, GroupContext, PrivateKeyPath } from 'ts-mls'
import { decodeUint8, decodeUint32, uint8Encoder, uint32Encoder } from 'ts-mls/codec/number.js'
import { mapDecoders } from 'ts-mls/codec/tlsDecoder.js'
import { type BufferEncoder, contramapBufferEncoders } from 'ts-mls/codec/tlsEncoder.js'
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
import { decodeExact, encodeExact } from './codec.js'
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

const pastEncoder: BufferEncoder<PastHead> = contramapBufferEncoders(
  [groupContextEncoder, varLenDataEncoder, varLenDataEncoder, uint32Encoder],
  (past) => [past.groupContext, past.senderDataSecret, past.members, past.width] as const,
)

const decodePast: Decoder<PastHead> = mapDecoders(
  [decodeGroupContext, decodeVarLenData, decodeVarLenData, decodeUint32],
  (groupContext, senderDataSecret, members, width) => ({ groupContext, senderDataSecret, members, width }),
)

const headEncoder: BufferEncoder<Head> = contramapBufferEncoders(
  [
    uint8Encoder,
    groupContextEncoder,
    keyScheduleEncoder,
    privateKeyPathEncoder,
    varLenDataEncoder,
    unappliedProposalsEncoder,
    varLenDataEncoder,
    groupActiveStateEncoder,
    uint32Encoder,
    varLenTypeEncoder(pastEncoder),
  ],
  (head) =>
    [
      head.version,
      head.groupContext,
      head.keySchedule,
      head.privatePath,
      head.signaturePrivateKey,
      head.unappliedProposals,
      head.confirmationTag,
      head.groupActiveState,
      head.nodes,
      head.past,
    ] as const,
)

const decodeHeadFields: Decoder<Head> = mapDecoders(
  [
    decodeUint8,
    decodeGroupContext,
    decodeKeySchedule,
    decodePrivateKeyPath,
    decodeVarLenData,
    decodeUnappliedProposals,
    decodeVarLenData,
    decodeGroupActiveState,
    decodeUint32,
    decodeVarLenType(decodePast),
  ],
  (
    version,
    groupContext,
    keySchedule,
    privatePath,
    signaturePrivateKey,
    unappliedProposals,
    confirmationTag,
    groupActiveState,
    nodes,
    past,
  ) => ({
    version,
    groupContext,
    keySchedule,
    privatePath,
    signaturePrivateKey,
    unappliedProposals,
    confirmationTag,
    groupActiveState,
    nodes,
    past,
  }),
)

function pastHead({ groupContext, senderDataSecret, members, secretTree }: PastEpoch): PastHead {
  return { groupContext, senderDataSecret, members, width: secretTree.width }
}

export function encodeHead(state: GroupData): Uint8Array {
  return encodeExact(headEncoder, {
    ...state,
    version: ROWS_VERSION,
    nodes: state.ratchetTree.length,
    past: [...state.pastEpochs.values()].map(pastHead),
  })
}

/** @throws MlsError `mls/bad-snapshot`, also for another version */
export function decodeHead(bytes: Uint8Array): Head {
  const head = decodeExact(decodeHeadFields, headEncoder, bytes, MAX_HEAD_BYTES, 'mls/bad-snapshot')
  if (head.version !== ROWS_VERSION)
    throw new MlsError('mls/bad-snapshot', { details: { version: head.version } })
  return head
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
