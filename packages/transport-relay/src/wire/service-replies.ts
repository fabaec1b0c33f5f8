/** Answers about payment, hops and push. spec/payment.md section 9, spec/relay-hops.md, spec/relay-push.md. */
import { MAX_BLINDED, MAX_STATEMENT_BYTES, RSA_BYTES } from '@hyphae/payment'
import {
  malformed,
  readBytes,
  readRest,
  readU8,
  readU32,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeU8,
  writeU32,
} from './bytes.js'
import { HOP_SIZES, isHopSize } from './hop-requests.js'
import { type OpaqueOperation, opaqueCodec } from './opaque.js'
import type { CodecTable } from './operation.js'

/** An offer as in spec/payment.md section 9. */
export type PayOfferReply = OpaqueOperation<'pay-offered'>

export interface BalanceReply {
  readonly kind: 'balance'
  readonly request: number
  /** Paid and not spent yet. */
  readonly credit: bigint
  readonly voucherPaid: bigint
  readonly chainIndex: number
  readonly issueSequence: number
}

export interface BlindSignaturesReply {
  readonly kind: 'blind-signatures'
  readonly request: number
  /** 1..64, 256 bytes each, in the order asked. */
  readonly signatures: readonly Uint8Array[]
}

/** Public keys, 32 bytes each, the one to use first; then those that are still opened. */
export type HopKeysReply = OpaqueOperation<'hop-keys-list'>

export type SealedReply = OpaqueOperation<'sealed-answer'>

/** The key that tokens are sealed to, 32 bytes, and the VAPID key, 65 bytes. */
export type PushOfferReply = OpaqueOperation<'push-offered'>

export type ServiceReply =
  | PayOfferReply
  | BalanceReply
  | BlindSignaturesReply
  | HopKeysReply
  | SealedReply
  | PushOfferReply

/** Payee, tariff, count of fundings, each of them, and the statement of the issuer. */
export const MAX_OFFER_BYTES: number = 1 + 32 + 8 + 8 + 1 + 255 + 2 + MAX_STATEMENT_BYTES

/** Keys of a relay at once: the newest and those before it. */
export const MAX_HOP_KEYS = 4

const BALANCE_BYTES = 8 + 8 + 4 + 4

function writeAmount(writer: WireWriter, amount: bigint): void {
  writer.view.setBigUint64(writer.offset, amount, true)
  writer.offset += 8
}

function readAmount(reader: WireReader): bigint {
  const bytes = readBytes(reader, 8)
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
}

function readSignatures(reader: WireReader, request: number): BlindSignaturesReply {
  const count = readU8(reader)
  if (count === 0 || count > MAX_BLINDED) throw malformed('bad-count', { count })
  const signatures = Array.from({ length: count }, () => readBytes(reader, RSA_BYTES))
  return { kind: 'blind-signatures', request, signatures }
}

export const SERVICE_REPLY_CODECS: CodecTable<ServiceReply> = {
  'pay-offered': opaqueCodec('pay-offered', 160, { max: MAX_OFFER_BYTES, min: 1 }),
  balance: {
    code: 161,
    bodyBytes: () => BALANCE_BYTES,
    write: (writer, reply) => {
      writeAmount(writer, reply.credit)
      writeAmount(writer, reply.voucherPaid)
      writeU32(writer, reply.chainIndex)
      writeU32(writer, reply.issueSequence)
    },
    read: (reader, request) => ({
      kind: 'balance',
      request,
      credit: readAmount(reader),
      voucherPaid: readAmount(reader),
      chainIndex: readU32(reader),
      issueSequence: readU32(reader),
    }),
  },
  'blind-signatures': {
    code: 162,
    bodyBytes: ({ signatures }) => 1 + signatures.length * RSA_BYTES,
    write: (writer, { signatures }) => {
      writeU8(writer, signatures.length)
      for (const signature of signatures) writeBytes(writer, signature)
    },
    read: readSignatures,
  },
  'hop-keys-list': {
    ...opaqueCodec('hop-keys-list', 164, { max: MAX_HOP_KEYS * 32, min: 32 }),
    read: (reader, request) => {
      const bytes = readRest(reader, MAX_HOP_KEYS * 32, 32)
      if (bytes.length % 32 !== 0) throw malformed('bad-length', { length: bytes.length })
      return { kind: 'hop-keys-list', request, bytes }
    },
  },
  'sealed-answer': {
    ...opaqueCodec('sealed-answer', 165, { max: HOP_SIZES[1] }),
    read: (reader, request) => {
      const bytes = readRest(reader, HOP_SIZES[1])
      if (!isHopSize(bytes.length)) throw malformed('bad-hop-size', { length: bytes.length })
      return { kind: 'sealed-answer', request, bytes }
    },
  },
  'push-offered': opaqueCodec('push-offered', 168, { max: 32 + 65, min: 32 + 65 }),
}
