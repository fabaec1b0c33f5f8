/**
 * The first messages of an initiator, sent until it hears from the responder: a Signal message and what the
 * responder needs to derive the same keys.
 *
 *   wire = 44 ‖ protobuf
 *   protobuf: 5 registration id, 1 prekey id, 6 signed prekey id, 7 Kyber prekey id, 8 Kyber ciphertext,
 *             2 base key, 3 identity key, 4 Signal message
 *
 * It has no MAC of its own: whoever changes one of its fields changes the keys under which field 4 is checked.
 */
import { concatBytes, plainBytes } from '@hyphae/core'
import { required, requireVersion, VERSION_BYTE } from './message.js'
import { bytesField, numberField, readFields } from './protobuf.js'
import { decodeEcKey, decodeKem, encodeEcKey, encodeKem } from './public-key.js'

export interface PrekeyMessage {
  readonly registrationId: number
  /** Undefined when no one-time prekey was to be had. */
  readonly prekeyId: number | undefined
  readonly signedPrekeyId: number
  readonly kyberPrekeyId: number
  /** 1,568 bytes. */
  readonly kyberCiphertext: Uint8Array
  /** 32 bytes; names the session. */
  readonly baseKey: Uint8Array
  /** 32 bytes. Nothing vouches for it: the caller compares it with the identity it knows. */
  readonly identityKey: Uint8Array
  readonly message: Uint8Array
}

/** Checks the form alone. @throws SignalError `ratchet/signal-bad-message` and those of its keys */
export function decodePrekeyMessage(input: Uint8Array): PrekeyMessage {
  const wire = plainBytes(input)
  requireVersion(wire)
  const fields = readFields(wire.subarray(1))
  return {
    registrationId: fields.number(5) ?? 0,
    prekeyId: fields.number(1),
    signedPrekeyId: required(fields.number(6)),
    kyberPrekeyId: required(fields.number(7)),
    kyberCiphertext: decodeKem(required(fields.bytes(8)), 'ratchet/signal-bad-message'),
    baseKey: decodeEcKey(required(fields.bytes(2))),
    identityKey: decodeEcKey(required(fields.bytes(3))),
    message: required(fields.bytes(4)),
  }
}

export function encodePrekeyMessage(content: PrekeyMessage): Uint8Array {
  return concatBytes(
    Uint8Array.of(VERSION_BYTE),
    ...(content.prekeyId === undefined ? [] : numberField(1, content.prekeyId)),
    ...bytesField(2, encodeEcKey(content.baseKey)),
    ...bytesField(3, encodeEcKey(content.identityKey)),
    ...bytesField(4, content.message),
    ...numberField(5, content.registrationId),
    ...numberField(6, content.signedPrekeyId),
    ...numberField(7, content.kyberPrekeyId),
    ...bytesField(8, encodeKem(content.kyberCiphertext)),
  )
}
