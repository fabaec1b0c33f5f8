/**
 * A Signal message, version 4, and its protection.
 *
 *   wire = 44 ‖ protobuf ‖ MAC,  MAC = HMAC-SHA256(MAC key, IKsender ‖ IKreceiver ‖ 44 ‖ protobuf)[0..8]
 *   protobuf: 1 ratchet key, 2 counter, 3 previous counter, 4 ciphertext, 5 post-quantum ratchet, 6 addresses
 *   ciphertext = AES-256-CBC with PKCS #7 padding
 *
 * Identity keys enter the MAC with their type byte. Field 6 is covered by the MAC and passed over. Knows no session.
 */
import { concatBytes, plainBytes } from '@hyphae/core'
import { type CryptoProvider, constantTimeEqual, zeroize } from '@hyphae/crypto'
import { cbc } from '@noble/ciphers/aes.js'
import { SignalError } from './errors.js'
import type { MessageKeys } from './kdf.js'
import { SIGNAL_MAX_COUNTER, SIGNAL_MAX_MESSAGE_BYTES } from './limits.js'
import { bytesField, numberField, type ProtobufFields, readFields } from './protobuf.js'
import { decodeEcKey, encodeEcKey } from './public-key.js'

/** Upper half: version of the message; lower half: newest version its sender speaks. */
export const VERSION_BYTE = 0x44
const MAC_BYTES = 8
const BLOCK_BYTES = 16

/** The two identity keys, 32 bytes each, in the direction of the message. */
export interface MessageParties {
  readonly sender: Uint8Array
  readonly receiver: Uint8Array
}

export interface MessageHeader {
  /** 32 bytes. */
  readonly ratchetKey: Uint8Array
  readonly counter: number
  readonly previousCounter: number
  /** A message of the post-quantum ratchet; pq/message.ts. */
  readonly pqMessage: Uint8Array
}

export interface SignalMessage extends MessageHeader {
  readonly ciphertext: Uint8Array
  /** What the MAC covers, and the MAC. */
  readonly authenticated: Uint8Array
  readonly mac: Uint8Array
}

/** @throws SignalError `ratchet/signal-unsupported-version`, `ratchet/signal-bad-message` */
export function requireVersion(wire: Uint8Array): void {
  const version = wire[0]
  if (version === undefined || wire.length > SIGNAL_MAX_MESSAGE_BYTES) {
    throw new SignalError('ratchet/signal-bad-message', { details: { length: wire.length } })
  }
  // A newer sender says so in the lower half and still writes what we read.
  if (version >> 4 !== VERSION_BYTE >> 4 || (version & 0x0f) < (VERSION_BYTE & 0x0f)) {
    throw new SignalError('ratchet/signal-unsupported-version', { details: { version: version >> 4 } })
  }
}

/** Checks the form alone: nothing of it is authentic yet. */
export function decodeMessage(input: Uint8Array): SignalMessage {
  const wire = plainBytes(input)
  requireVersion(wire)
  if (wire.length < 1 + MAC_BYTES) {
    throw new SignalError('ratchet/signal-bad-message', { details: { length: wire.length } })
  }
  const end = wire.length - MAC_BYTES
  const fields = readFields(wire.subarray(1, end))
  const pqMessage = fields.bytes(5)
  if (pqMessage === undefined || pqMessage.length === 0) {
    throw new SignalError('ratchet/signal-no-post-quantum')
  }
  const ciphertext = required(fields.bytes(4))
  if (ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0) {
    throw new SignalError('ratchet/signal-bad-message', { details: { ciphertext: ciphertext.length } })
  }
  return {
    ratchetKey: decodeEcKey(required(fields.bytes(1))),
    counter: counterOf(fields, 2),
    previousCounter: fields.number(3) ?? 0,
    ciphertext,
    pqMessage,
    authenticated: Uint8Array.prototype.slice.call(wire, 0, end),
    mac: Uint8Array.prototype.slice.call(wire, end),
  }
}

function counterOf(fields: ProtobufFields, field: number): number {
  const counter = required(fields.number(field))
  if (counter > SIGNAL_MAX_COUNTER)
    throw new SignalError('ratchet/signal-bad-message', { details: { counter } })
  return counter
}

/** @throws SignalError `ratchet/signal-bad-message` */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new SignalError('ratchet/signal-bad-message')
  return value
}

/** Encrypts and authenticates; `keys` are overwritten. */
export function sealMessage(
  crypto: CryptoProvider,
  keys: MessageKeys,
  parties: MessageParties,
  header: MessageHeader,
  plaintext: Uint8Array,
): Uint8Array {
  const authenticated = concatBytes(
    Uint8Array.of(VERSION_BYTE),
    ...bytesField(1, encodeEcKey(header.ratchetKey)),
    ...numberField(2, header.counter),
    ...numberField(3, header.previousCounter),
    ...bytesField(4, cbc(keys.cipherKey, keys.iv).encrypt(plaintext)),
    ...bytesField(5, header.pqMessage),
  )
  const mac = macOf(crypto, keys.macKey, parties, authenticated)
  zeroize(keys.cipherKey, keys.macKey, keys.iv)
  return concatBytes(authenticated, mac)
}

/** Verifies first, then decrypts. @throws SignalError `ratchet/signal-bad-mac` */
export function openMessage(
  crypto: CryptoProvider,
  keys: MessageKeys,
  parties: MessageParties,
  message: SignalMessage,
): Uint8Array {
  try {
    if (!constantTimeEqual(macOf(crypto, keys.macKey, parties, message.authenticated), message.mac)) {
      throw new SignalError('ratchet/signal-bad-mac')
    }
    return cbc(keys.cipherKey, keys.iv).decrypt(message.ciphertext)
  } catch {
    // Bad padding can only come from a peer that holds the MAC key, so it is no oracle; still one outward error.
    throw new SignalError('ratchet/signal-bad-mac')
  } finally {
    zeroize(keys.cipherKey, keys.macKey, keys.iv)
  }
}

function macOf(
  crypto: CryptoProvider,
  macKey: Uint8Array,
  parties: MessageParties,
  authenticated: Uint8Array,
): Uint8Array {
  const input = concatBytes(encodeEcKey(parties.sender), encodeEcKey(parties.receiver), authenticated)
  return crypto.hmacSha256(macKey, input).slice(0, MAC_BYTES)
}
