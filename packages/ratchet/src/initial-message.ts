/**
 * The handshake: the initiator's first bytes to the responder (spec/session.md, "Handshake").
 *
 *   0 version u8 | 1 suite u8 | 2 zero u16 | 4 signed prekey id u32 | 8 one-time prekey id u32, 0 for none
 *   | 12 base key 32 | 44 ratchet key 32 | 76 KEM length u16 | KEM | context length u16 | context | confirmation 32
 *
 * The KEM slot is empty in suite 1; in suite 2 it is KEM prekey id u32 ‖ ciphertext. Knows no secret.
 */
import { type ByteReader, byteReader, byteWriter } from './bytes.js'
import { RatchetError } from './errors.js'
import { MAX_CONTEXT_BYTES, MAX_KEM_CIPHERTEXT_BYTES } from './limits.js'
import { SUITE_CLASSIC, SUITE_POST_QUANTUM } from './prekey-bundle.js'

export const HANDSHAKE_VERSION = 1
export const CONFIRMATION_BYTES = 32
const KEM_ID_BYTES = 4

export interface KemPart {
  /** Of the KEM prekey. */
  readonly id: number
  readonly ciphertext: Uint8Array
}

export interface InitialMessage {
  readonly signedPrekeyId: number
  /** 0: made from a last-resort bundle. */
  readonly oneTimePrekeyId: number
  /** The initiator's ephemeral key in X3DH. */
  readonly baseKey: Uint8Array
  /** The initiator's first ratchet key. */
  readonly ratchetKey: Uint8Array
  /** Null in suite 1. */
  readonly kem: KemPart | null
  /** Application data, authenticated and in clear. */
  readonly context: Uint8Array
}

/** Everything before the confirmation. @throws RatchetError `ratchet/too-long` */
export function encodeInitialMessage(message: InitialMessage): Uint8Array {
  const { context, kem } = message
  const kemBytes = kem === null ? 0 : KEM_ID_BYTES + kem.ciphertext.length
  if (context.length > MAX_CONTEXT_BYTES) {
    throw new RatchetError('ratchet/too-long', {
      details: { name: 'context', length: context.length, max: MAX_CONTEXT_BYTES },
    })
  }
  const writer = byteWriter()
    .u8(HANDSHAKE_VERSION)
    .u8(kem === null ? SUITE_CLASSIC : SUITE_POST_QUANTUM)
    .u16(0)
    .u32(message.signedPrekeyId)
    .u32(message.oneTimePrekeyId)
    .bytes(message.baseKey)
    .bytes(message.ratchetKey)
    .u16(kemBytes)
  if (kem !== null) writer.u32(kem.id).bytes(kem.ciphertext)
  return writer.u16(context.length).bytes(context).done()
}

export interface ReceivedHandshake {
  readonly message: InitialMessage
  /** The bytes that the transcript covers. */
  readonly unconfirmed: Uint8Array
  readonly confirmation: Uint8Array
}

/** @throws RatchetError `ratchet/bad-handshake`, `ratchet/unsupported-version` */
export function decodeHandshake(bytes: Uint8Array): ReceivedHandshake {
  const reader = byteReader(bytes, 'ratchet/bad-handshake')
  const version = reader.u8()
  const suite = reader.u8()
  if (version !== HANDSHAKE_VERSION || (suite !== SUITE_CLASSIC && suite !== SUITE_POST_QUANTUM)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version, suite } })
  }
  checkZero('reserved', reader.u16())
  const signedPrekeyId = reader.u32()
  const oneTimePrekeyId = reader.u32()
  const baseKey = reader.bytes(32)
  const ratchetKey = reader.bytes(32)
  const kem = readKem(reader, suite)
  const length = reader.u16()
  if (length > MAX_CONTEXT_BYTES || signedPrekeyId === 0) {
    throw new RatchetError('ratchet/bad-handshake', { details: { length, signedPrekeyId } })
  }
  const context = reader.bytes(length)
  const unconfirmed = Uint8Array.prototype.slice.call(bytes, 0, reader.offset())
  const confirmation = reader.bytes(CONFIRMATION_BYTES)
  reader.end()
  return {
    message: { signedPrekeyId, oneTimePrekeyId, baseKey, ratchetKey, kem, context },
    unconfirmed,
    confirmation,
  }
}

function checkZero(name: string, value: number): void {
  if (value !== 0) throw new RatchetError('ratchet/bad-handshake', { details: { [name]: value } })
}

/** The slot is empty in suite 1, and nothing else; the ciphertext's length is checked against its KEM later. */
function readKem(reader: ByteReader, suite: number): KemPart | null {
  const length = reader.u16()
  if (suite === SUITE_CLASSIC) {
    checkZero('kem', length)
    return null
  }
  if (length === 0) throw new RatchetError('ratchet/unsupported-version', { details: { suite } })
  if (length <= KEM_ID_BYTES || length > KEM_ID_BYTES + MAX_KEM_CIPHERTEXT_BYTES) {
    throw new RatchetError('ratchet/bad-handshake', { details: { kem: length } })
  }
  return { id: reader.u32(), ciphertext: reader.bytes(length - KEM_ID_BYTES) }
}
