/**
 * The handshake: the initiator's first bytes to the responder (spec/session.md, "Handshake").
 *
 *   0 version u8 | 1 suite u8 | 2 zero u16 | 4 signed prekey id u32 | 8 one-time prekey id u32, 0 for none
 *   | 12 base key 32 | 44 ratchet key 32 | 76 KEM length u16 | KEM | context length u16 | context | confirmation 32
 *
 * The KEM slot is empty in suite 1; in suite 2 it is KEM prekey id u32 ‖ ciphertext. Knows no secret.
 */
import {
  bytes as bytesOf,
  type Codec,
  checked,
  decode,
  encode,
  key,
  mapped,
  sized,
  struct,
  u8,
  u16,
  u32,
} from './codec.js'
import { RatchetError } from './errors.js'
import { MAX_CONTEXT_BYTES, MAX_KEM_CIPHERTEXT_BYTES } from './limits.js'
import { readSuite, SUITE_CLASSIC, SUITE_POST_QUANTUM, WIRE_VERSION } from './suite.js'

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

const KEM_PART: Codec<KemPart> = /* @__PURE__ */ struct({ id: u32, ciphertext: bytesOf() })
const NO_KEM: Uint8Array = new Uint8Array(0)

const kemSlot: Codec<KemPart | null> = /* @__PURE__ */ mapped(
  /* @__PURE__ */ sized(KEM_ID_BYTES + MAX_KEM_CIPHERTEXT_BYTES),
  (slot, { code }) => (slot.length === 0 ? null : decode(KEM_PART, slot, code)),
  (kem) => (kem === null ? NO_KEM : encode(KEM_PART, kem)),
)

interface Unconfirmed extends InitialMessage {
  readonly version: number
  readonly suite: number
  readonly reserved: number
}

const UNCONFIRMED: Codec<Unconfirmed> = /* @__PURE__ */ struct({
  version: u8,
  suite: u8,
  reserved: /* @__PURE__ */ checked(u16, (value) => value === 0),
  signedPrekeyId: /* @__PURE__ */ checked(u32, (id) => id !== 0),
  oneTimePrekeyId: u32,
  baseKey: key,
  ratchetKey: key,
  kem: kemSlot,
  context: /* @__PURE__ */ sized(MAX_CONTEXT_BYTES),
})

/** Everything before the confirmation. @throws RatchetError `ratchet/too-long` */
export function encodeInitialMessage(message: InitialMessage): Uint8Array {
  const { length } = message.context
  if (length > MAX_CONTEXT_BYTES) {
    throw new RatchetError('ratchet/too-long', {
      details: { name: 'context', length, max: MAX_CONTEXT_BYTES },
    })
  }
  const suite = message.kem === null ? SUITE_CLASSIC : SUITE_POST_QUANTUM
  return encode(UNCONFIRMED, { version: WIRE_VERSION, suite, reserved: 0, ...message })
}

export interface ReceivedHandshake {
  readonly message: InitialMessage
  /** The bytes that the transcript covers. */
  readonly unconfirmed: Uint8Array
  readonly confirmation: Uint8Array
}

/** @throws RatchetError `ratchet/bad-handshake`, `ratchet/unsupported-version` */
export function decodeHandshake(bytes: Uint8Array): ReceivedHandshake {
  const { length } = bytes
  if (length <= CONFIRMATION_BYTES) throw new RatchetError('ratchet/bad-handshake', { details: { length } })
  const postQuantum = readSuite(bytes)
  const copy = Uint8Array.from(bytes)
  const unconfirmed = copy.slice(0, -CONFIRMATION_BYTES)
  const message = decode(UNCONFIRMED, unconfirmed, 'ratchet/bad-handshake')
  if (postQuantum !== (message.kem !== null)) {
    const code = postQuantum ? 'ratchet/unsupported-version' : 'ratchet/bad-handshake'
    throw new RatchetError(code, { details: { suite: message.suite } })
  }
  return { message, unconfirmed, confirmation: copy.slice(-CONFIRMATION_BYTES) }
}
