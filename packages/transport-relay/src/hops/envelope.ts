/**
 * Requests sealed to a second relay, and its sealed answers. spec/relay-hops.md section 3.
 *
 *     request   key id 8 | enc 32 | sealed(time u64 | answer size u8 | length u32 | message | zeros)
 *     answer    nonce 32 | sealed(time u64 | length u32 | message | zeros)
 *
 *     secret       = HPKE SendExportBase(relay key, info "hyphae hop v1", context "secret", 32)      RFC 9180 section 6.2
 *     request key  = HKDF(secret, "hyphae hop request"),  challenge = HKDF(secret, "hyphae hop challenge")
 *     answer key   = HKDF(secret, salt = nonce, "hyphae hop answer")
 *
 * ChaCha20-Poly1305 under keys of one use and a zero nonce. The answer's nonce makes a key for each answer, as in
 * RFC 9458 section 4.4: were a request opened twice, the two answers would not share one. Both are padded to one of
 * two sizes. Box proofs inside sign the challenge, so a proof is good for one request.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import {
  type CryptoProvider,
  hpkeReceiveExport,
  hpkeSendExport,
  type X25519PrivateKey,
  zeroize,
} from '@hyphae/crypto'
import {
  malformed,
  readBytes,
  readU8,
  readU32,
  readU64,
  remainingBytes,
  wireReader,
  wireWriter,
  writeBytes,
  writeU8,
  writeU32,
  writeU64,
} from '../wire/bytes.js'
import { HOP_SIZES, type HopSize } from '../wire/hop-requests.js'

const INFO: Uint8Array = /* @__PURE__ */ utf8('hyphae hop v1')
const EXPORT: Uint8Array = /* @__PURE__ */ utf8('secret')
const REQUEST: Uint8Array = /* @__PURE__ */ utf8('hyphae hop request')
const CHALLENGE: Uint8Array = /* @__PURE__ */ utf8('hyphae hop challenge')
const ANSWER: Uint8Array = /* @__PURE__ */ utf8('hyphae hop answer')
const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0)
const ZERO_NONCE: Uint8Array = /* @__PURE__ */ new Uint8Array(12)

const KEY_ID_BYTES = 8
const ENC_BYTES = 32
const TAG_BYTES = 16
const NONCE_BYTES = 32
const REQUEST_HEAD = 8 + 1 + 4
const ANSWER_HEAD = 8 + 4

/** What encloses a message of requests. */
export const HOP_REQUEST_OVERHEAD: number = KEY_ID_BYTES + ENC_BYTES + TAG_BYTES + REQUEST_HEAD

/** What encloses a message of answers. */
export const HOP_ANSWER_OVERHEAD: number = NONCE_BYTES + TAG_BYTES + ANSWER_HEAD

/** What both sides keep of one exchange. */
export interface HopExchange {
  readonly secret: Uint8Array
  /** What box proofs inside sign, 32 bytes. */
  readonly challenge: Uint8Array
}

function exchangeOf(crypto: CryptoProvider, secret: Uint8Array): HopExchange {
  return { secret, challenge: crypto.hkdfSha256(secret, NOTHING, CHALLENGE, 32) }
}

function hopKeyId(crypto: CryptoProvider, key: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(INFO, key)).subarray(0, KEY_ID_BYTES)
}

/** The smallest size that holds the message; undefined when none does. */
export function hopSizeFor(messageBytes: number, overhead: number): HopSize | undefined {
  return HOP_SIZES.find((size) => messageBytes + overhead <= size)
}

export interface HopRequestPlain {
  /** ms since 1970, by the client's clock. */
  readonly time: number
  /** What the answer is padded to. */
  readonly answerSize: HopSize
  /** Of `encodeRequests`. */
  readonly message: Uint8Array
}

export interface StartedExchange extends HopExchange {
  readonly enc: Uint8Array
}

/** First half of a request: the challenge has to be known before the message is made. */
export function startHop(crypto: CryptoProvider, relayKey: Uint8Array): StartedExchange {
  const options = { recipient: relayKey, info: INFO, exporterContext: EXPORT, length: 32 }
  const { enc, secret } = hpkeSendExport(crypto, options)
  return { enc, ...exchangeOf(crypto, secret) }
}

/** Second half. @throws RelayCarrierError `relay-carrier/malformed` when the message fits no size */
export function sealHopRequest(
  crypto: CryptoProvider,
  relayKey: Uint8Array,
  { enc, secret }: StartedExchange,
  { time, answerSize, message }: HopRequestPlain,
): Uint8Array {
  const size = hopSizeFor(message.length, HOP_REQUEST_OVERHEAD)
  if (size === undefined) throw malformed('message-too-large', { length: message.length })
  const writer = wireWriter(size - KEY_ID_BYTES - ENC_BYTES - TAG_BYTES)
  writeU64(writer, time)
  writeU8(writer, HOP_SIZES.indexOf(answerSize))
  writeU32(writer, message.length)
  writeBytes(writer, message)
  const keyId = hopKeyId(crypto, relayKey)
  const key = crypto.hkdfSha256(secret, NOTHING, REQUEST, 32)
  const sealed = crypto.chacha20Poly1305.seal(key, ZERO_NONCE, writer.bytes, keyId)
  zeroize(key)
  return concatBytes(keyId, enc, sealed)
}

export interface OpenedHop extends HopRequestPlain {
  readonly exchange: HopExchange
  /** Names the exchange: of each there is one. 32 bytes. */
  readonly enc: Uint8Array
}

function readPadded(reader: ReturnType<typeof wireReader>): Uint8Array {
  const length = readU32(reader)
  const message = readBytes(reader, length)
  const padding = readBytes(reader, remainingBytes(reader))
  if (padding.some((byte) => byte !== 0)) throw malformed('bad-padding')
  return message
}

/**
 * Null when it is sealed to none of the keys, or was changed: one answer for every kind of failure.
 * @throws RelayCarrierError `relay-carrier/malformed` when what was sealed is no request
 */
export function openHopRequest(
  crypto: CryptoProvider,
  keys: readonly X25519PrivateKey[],
  bytes: Uint8Array,
): OpenedHop | null {
  const reader = wireReader(bytes)
  const keyId = readBytes(reader, KEY_ID_BYTES)
  const enc = readBytes(reader, ENC_BYTES)
  const recipient = keys.find(({ publicKey }) =>
    hopKeyId(crypto, publicKey).every((byte, i) => byte === keyId[i]),
  )
  if (recipient === undefined) return null
  const options = { recipient, enc, info: INFO, exporterContext: EXPORT, length: 32 }
  const secret = hpkeReceiveExport(crypto, options)
  if (secret === null) return null
  const key = crypto.hkdfSha256(secret, NOTHING, REQUEST, 32)
  const plain = crypto.chacha20Poly1305.open(
    key,
    ZERO_NONCE,
    readBytes(reader, remainingBytes(reader)),
    keyId,
  )
  zeroize(key)
  if (plain === null) return null
  const inner = wireReader(plain)
  const time = readU64(inner)
  const answerSize = HOP_SIZES[readU8(inner)]
  if (answerSize === undefined) throw malformed('bad-hop-size')
  return {
    time,
    answerSize,
    message: readPadded(inner),
    exchange: exchangeOf(crypto, secret),
    enc: enc.slice(),
  }
}

export interface HopAnswerPlain {
  /** ms since 1970, by the relay's clock. */
  readonly time: number
  /** Of `encodeReplies`. */
  readonly message: Uint8Array
}

/** The message has to fit `size`. */
export function sealHopAnswer(
  crypto: CryptoProvider,
  { secret }: HopExchange,
  { time, message }: HopAnswerPlain,
  size: HopSize,
): Uint8Array {
  if (message.length + HOP_ANSWER_OVERHEAD > size)
    throw malformed('message-too-large', { length: message.length })
  const writer = wireWriter(size - NONCE_BYTES - TAG_BYTES)
  writeU64(writer, time)
  writeU32(writer, message.length)
  writeBytes(writer, message)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  const key = crypto.hkdfSha256(secret, nonce, ANSWER, 32)
  const sealed = crypto.chacha20Poly1305.seal(key, ZERO_NONCE, writer.bytes, NOTHING)
  zeroize(key)
  return concatBytes(nonce, sealed)
}

/** Null when it is not the answer of this exchange. @throws RelayCarrierError `relay-carrier/malformed` */
export function openHopAnswer(
  crypto: CryptoProvider,
  { secret }: HopExchange,
  bytes: Uint8Array,
): HopAnswerPlain | null {
  const reader = wireReader(bytes)
  const nonce = readBytes(reader, NONCE_BYTES)
  const key = crypto.hkdfSha256(secret, nonce, ANSWER, 32)
  const plain = crypto.chacha20Poly1305.open(
    key,
    ZERO_NONCE,
    readBytes(reader, remainingBytes(reader)),
    NOTHING,
  )
  zeroize(key)
  if (plain === null) return null
  const inner = wireReader(plain)
  return { time: readU64(inner), message: readPadded(inner) }
}
