/**
 * Push subscriptions sealed to a gateway, so that the relay that holds one learns nothing. spec/relay-push.md section 3.
 *
 *     token       enc 32 | HPKE SealBase(gateway key, info "hyphae push v1", plain)        1,024 bytes
 *     plain       endpoint length u16 | endpoint | p256dh 65 | auth 16 | zeros             976 bytes
 *
 * HPKE is randomised: two tokens of one subscription have nothing in common for who cannot open them. A token for each
 * box therefore does not tie the boxes together.
 */
import { concatBytes, fromUtf8, isHyphaeError, utf8 } from '@hyphae/core'
import { type CryptoProvider, hpkeOpen, hpkeSeal, type X25519PrivateKey } from '@hyphae/crypto'
import { RelayCarrierError } from '../errors.js'
import { PUSH_TOKEN_BYTES } from '../wire/push-requests.js'

/** What a browser's `PushSubscription` holds: RFC 8291 section 3. */
export interface PushSubscriptionKeys {
  readonly endpoint: string
  /** Uncompressed P-256 point, 65 bytes. */
  readonly p256dh: Uint8Array
  /** 16 bytes. */
  readonly auth: Uint8Array
}

const INFO: Uint8Array = /* @__PURE__ */ utf8('hyphae push v1')
const NO_AAD: Uint8Array = /* @__PURE__ */ new Uint8Array(0)
const ENC_BYTES = 32
const TAG_BYTES = 16
const PLAIN_BYTES: number = PUSH_TOKEN_BYTES - ENC_BYTES - TAG_BYTES
const POINT_BYTES = 65
const AUTH_BYTES = 16

/** Longest endpoint that fits a token: those of today's push services take 150 to 500. */
export const MAX_ENDPOINT_BYTES: number = PLAIN_BYTES - 2 - POINT_BYTES - AUTH_BYTES

function badInput(name: string, length: number): RelayCarrierError {
  return new RelayCarrierError('relay-carrier/bad-input', { details: { name, length } })
}

/** 1,024 bytes, new each time. @throws RelayCarrierError `relay-carrier/bad-input` */
export function sealPushToken(
  crypto: CryptoProvider,
  gatewayKey: Uint8Array,
  { endpoint, p256dh, auth }: PushSubscriptionKeys,
): Uint8Array {
  const url = utf8(endpoint)
  if (url.length > MAX_ENDPOINT_BYTES) throw badInput('endpoint', url.length)
  if (p256dh.length !== POINT_BYTES) throw badInput('p256dh', p256dh.length)
  if (auth.length !== AUTH_BYTES) throw badInput('auth', auth.length)
  const plaintext = new Uint8Array(PLAIN_BYTES)
  plaintext.set(concatBytes(Uint8Array.of(url.length, url.length >>> 8), url, p256dh, auth))
  const { enc, ciphertext } = hpkeSeal(crypto, { recipient: gatewayKey, info: INFO, aad: NO_AAD, plaintext })
  return concatBytes(enc, ciphertext)
}

function parsed(plain: Uint8Array): PushSubscriptionKeys | null {
  const length = (plain[0] as number) | ((plain[1] as number) << 8)
  if (length > MAX_ENDPOINT_BYTES) return null
  const keysAt = 2 + length
  const authAt = keysAt + POINT_BYTES
  const end = authAt + AUTH_BYTES
  if (plain[keysAt] !== 4 || plain.subarray(end).some((byte) => byte !== 0)) return null
  const endpoint = fromUtf8(plain.subarray(2, keysAt))
  return { endpoint, p256dh: plain.slice(keysAt, authAt), auth: plain.slice(authAt, end) }
}

/** Null when it is sealed to another key, was changed, or holds no subscription. */
export function openPushToken(
  crypto: CryptoProvider,
  gatewayKey: X25519PrivateKey,
  token: Uint8Array,
): PushSubscriptionKeys | null {
  if (token.length !== PUSH_TOKEN_BYTES) return null
  const enc = token.subarray(0, ENC_BYTES)
  const ciphertext = token.subarray(ENC_BYTES)
  const plain = hpkeOpen(crypto, { recipient: gatewayKey, enc, ciphertext, info: INFO, aad: NO_AAD })
  if (plain === null) return null
  try {
    return parsed(plain)
  } catch (error) {
    if (isHyphaeError(error, 'core/bad-utf8')) return null
    throw error
  }
}
