/**
 * Noise_XX_25519_ChaChaPoly_SHA256 (The Noise Protocol Framework, revision 34, sections 5 and 7.5): both sides prove a
 * static key to each other, hidden from whoever only listens.
 *
 *     XX:   -> e      <- e, ee, s, es      -> s, se
 *
 * Pure: a handshake message in, a new state out. Knows neither sockets nor who may speak to whom.
 */
import { concatBytes, utf8 } from '@hyphae/core'
import { assertX25519PublicKey, type CryptoProvider, type X25519PrivateKey } from '@hyphae/crypto'
import { LinkError } from './errors.js'
import { MAX_RECORDS } from './limits.js'

export type NoiseCrypto = Pick<CryptoProvider, 'chacha20Poly1305' | 'hkdfSha256' | 'sha256' | 'x25519'>

/** 32 bytes long, so it is the first hash as it stands (section 5.2). */
const PROTOCOL = utf8('Noise_XX_25519_ChaChaPoly_SHA256')
const EMPTY = new Uint8Array()
const KEY_BYTES = 32
const TAG_BYTES = 16
export const NONCE_BYTES = 12

/** Section 5.1. */
export interface CipherState {
  readonly key: Uint8Array
  readonly counter: number
}

/** Section 5.2; `cipher` is null before the first DH. */
export interface SymmetricState {
  readonly chainingKey: Uint8Array
  readonly hash: Uint8Array
  readonly cipher: CipherState | null
}

interface Opening {
  readonly payload: Uint8Array
  readonly state: SymmetricState
}

/** 4 zero bytes and the counter, little-endian (section 12.1). @throws LinkError `link/exhausted` */
export function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  writeNonce(new DataView(nonce.buffer), counter)
  return nonce
}

/** The same over a nonce that was used before: the zero bytes stay. @throws LinkError `link/exhausted` */
export function writeNonce(nonce: DataView, counter: number): void {
  if (counter >= MAX_RECORDS) throw new LinkError('link/exhausted')
  nonce.setUint32(4, counter % 2 ** 32, true)
  nonce.setUint32(8, Math.floor(counter / 2 ** 32), true)
}

export function initialState(crypto: NoiseCrypto, prologue: Uint8Array): SymmetricState {
  return { chainingKey: PROTOCOL, hash: crypto.sha256(concatBytes(PROTOCOL, prologue)), cipher: null }
}

function mixHash(crypto: NoiseCrypto, state: SymmetricState, data: Uint8Array): SymmetricState {
  return { ...state, hash: crypto.sha256(concatBytes(state.hash, data)) }
}

function mixKey(crypto: NoiseCrypto, state: SymmetricState, secret: Uint8Array): SymmetricState {
  const keys = crypto.hkdfSha256(secret, state.chainingKey, EMPTY, 2 * KEY_BYTES)
  const cipher = { key: keys.slice(KEY_BYTES), counter: 0 }
  return { ...state, chainingKey: keys.slice(0, KEY_BYTES), cipher }
}

/** EncryptAndHash. */
function seal(
  crypto: NoiseCrypto,
  state: SymmetricState,
  plaintext: Uint8Array,
): { sealed: Uint8Array; state: SymmetricState } {
  const { cipher, hash } = state
  if (cipher === null) return { sealed: plaintext, state: mixHash(crypto, state, plaintext) }
  const sealed = crypto.chacha20Poly1305.seal(cipher.key, nonceOf(cipher.counter), plaintext, hash)
  const next = { ...state, cipher: { ...cipher, counter: cipher.counter + 1 } }
  return { sealed, state: mixHash(crypto, next, sealed) }
}

/** DecryptAndHash. @throws LinkError `link/broken` */
function open(crypto: NoiseCrypto, state: SymmetricState, sealed: Uint8Array): Opening {
  const { cipher, hash } = state
  if (cipher === null) return { payload: sealed, state: mixHash(crypto, state, sealed) }
  const payload = crypto.chacha20Poly1305.open(cipher.key, nonceOf(cipher.counter), sealed, hash)
  if (payload === null) throw new LinkError('link/broken')
  const next = { ...state, cipher: { ...cipher, counter: cipher.counter + 1 } }
  return { payload, state: mixHash(crypto, next, sealed) }
}

/** @throws LinkError `link/broken` for a key that no honest peer has */
function mixDh(
  crypto: NoiseCrypto,
  state: SymmetricState,
  own: X25519PrivateKey,
  theirs: Uint8Array,
): SymmetricState {
  try {
    return mixKey(crypto, state, crypto.x25519.dh(own, theirs))
  } catch {
    throw new LinkError('link/broken')
  }
}

function acceptable(key: Uint8Array): Uint8Array {
  try {
    assertX25519PublicKey(key)
  } catch {
    throw new LinkError('link/broken')
  }
  return key.slice()
}

/** Keys of both directions, from whoever asks. */
export interface Transport {
  readonly send: CipherState
  readonly receive: CipherState
  /** Names the handshake: equal on both sides, different for every connection (section 11.2). */
  readonly hash: Uint8Array
}

/** Section 5.2, Split. */
function split(crypto: NoiseCrypto, state: SymmetricState, initiator: boolean): Transport {
  const keys = crypto.hkdfSha256(EMPTY, state.chainingKey, EMPTY, 2 * KEY_BYTES)
  const [first, second] = [keys.slice(0, KEY_BYTES), keys.slice(KEY_BYTES)]
  return {
    send: { key: initiator ? first : second, counter: 0 },
    receive: { key: initiator ? second : first, counter: 0 },
    hash: state.hash,
  }
}

export interface Keys {
  readonly statics: X25519PrivateKey
  readonly ephemeral: X25519PrivateKey
}

export interface HandshakeState extends Keys {
  readonly symmetric: SymmetricState
  /** The other side's ephemeral key, once it came. */
  readonly remote: Uint8Array
}

/** Message 1, initiator: `-> e`. */
export function writeFirst(
  crypto: NoiseCrypto,
  prologue: Uint8Array,
  keys: Keys,
): { message: Uint8Array; state: HandshakeState } {
  const { publicKey } = keys.ephemeral
  let symmetric = mixHash(crypto, initialState(crypto, prologue), publicKey)
  symmetric = mixHash(crypto, symmetric, EMPTY)
  return { message: publicKey.slice(), state: { ...keys, symmetric, remote: EMPTY } }
}

/** Message 1, responder. @throws LinkError `link/broken` */
export function readFirst(
  crypto: NoiseCrypto,
  prologue: Uint8Array,
  keys: Keys,
  message: Uint8Array,
): HandshakeState {
  if (message.length !== KEY_BYTES) throw new LinkError('link/broken')
  const remote = acceptable(message)
  const symmetric = mixHash(crypto, initialState(crypto, prologue), remote)
  return { ...keys, symmetric: mixHash(crypto, symmetric, EMPTY), remote }
}

/** Message 2, responder: `<- e, ee, s, es` and a payload. */
export function writeSecond(
  crypto: NoiseCrypto,
  state: HandshakeState,
  payload: Uint8Array,
): { message: Uint8Array; state: HandshakeState } {
  const { ephemeral, statics, remote } = state
  let symmetric = mixHash(crypto, state.symmetric, ephemeral.publicKey)
  symmetric = mixDh(crypto, symmetric, ephemeral, remote)
  const key = seal(crypto, symmetric, statics.publicKey)
  symmetric = mixDh(crypto, key.state, statics, remote)
  const rest = seal(crypto, symmetric, payload)
  const message = concatBytes(ephemeral.publicKey, key.sealed, rest.sealed)
  return { message, state: { ...state, symmetric: rest.state } }
}

export interface Proof {
  /** The other side's static key, which it has proved to hold. */
  readonly statics: Uint8Array
  readonly payload: Uint8Array
}

/** Message 2, initiator. @throws LinkError `link/broken` */
export function readSecond(
  crypto: NoiseCrypto,
  state: HandshakeState,
  message: Uint8Array,
): Proof & { state: HandshakeState } {
  const keyEnd = 2 * KEY_BYTES + TAG_BYTES
  if (message.length < keyEnd + TAG_BYTES) throw new LinkError('link/broken')
  const remote = acceptable(message.subarray(0, KEY_BYTES))
  let symmetric = mixHash(crypto, state.symmetric, remote)
  symmetric = mixDh(crypto, symmetric, state.ephemeral, remote)
  const key = open(crypto, symmetric, message.subarray(KEY_BYTES, keyEnd))
  const statics = acceptable(key.payload)
  symmetric = mixDh(crypto, key.state, state.ephemeral, statics)
  const rest = open(crypto, symmetric, message.subarray(keyEnd))
  return { statics, payload: rest.payload, state: { ...state, symmetric: rest.state, remote } }
}

/** Message 3, initiator: `-> s, se` and a payload; then both may speak. */
export function writeThird(
  crypto: NoiseCrypto,
  state: HandshakeState,
  payload: Uint8Array,
): { message: Uint8Array; transport: Transport } {
  const key = seal(crypto, state.symmetric, state.statics.publicKey)
  const symmetric = mixDh(crypto, key.state, state.statics, state.remote)
  const rest = seal(crypto, symmetric, payload)
  return { message: concatBytes(key.sealed, rest.sealed), transport: split(crypto, rest.state, true) }
}

/** Message 3, responder. @throws LinkError `link/broken` */
export function readThird(
  crypto: NoiseCrypto,
  state: HandshakeState,
  message: Uint8Array,
): Proof & { transport: Transport } {
  const keyEnd = KEY_BYTES + TAG_BYTES
  if (message.length < keyEnd + TAG_BYTES) throw new LinkError('link/broken')
  const key = open(crypto, state.symmetric, message.subarray(0, keyEnd))
  const statics = acceptable(key.payload)
  const symmetric = mixDh(crypto, key.state, state.ephemeral, statics)
  const rest = open(crypto, symmetric, message.subarray(keyEnd))
  return { statics, payload: rest.payload, transport: split(crypto, rest.state, false) }
}
