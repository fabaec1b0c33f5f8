/** Two devices, their session, and the small attacks that many tests need. */
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import type { SealedSize } from '@hyphae/tlv'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import {
  type AcceptedSession,
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decryptFrame,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PostQuantum,
  type PrekeyBundle,
  type PrekeyState,
  type SessionState,
  verifyPrekeyBundle,
} from '../src/index.js'
import { postQuantum } from '../src/pq.js'

export const crypto: CryptoProvider = defaultCrypto
export const NOW = 1_700_000_000_000

export interface Device {
  keys: DeviceKeys
  peer: { signing: Uint8Array; agreement: Uint8Array }
}

export function device(provider: CryptoProvider = crypto): Device {
  const keys = { signing: provider.ed25519.generate(), agreement: provider.x25519.generate() }
  return { keys, peer: { signing: keys.signing.publicKey, agreement: keys.agreement.publicKey } }
}

export interface Published {
  owner: Device
  prekeys: PrekeyState
  bundles: Uint8Array[]
  lastResort: Uint8Array
}

/** A device with `count` one-time prekeys in the directory. */
export function publish(
  owner: Device,
  count = 1,
  provider: CryptoProvider = crypto,
  pq?: PostQuantum,
): Published {
  const empty = createPrekeyState(provider, owner.keys, { now: NOW, ...(pq && { pq }) })
  const { state, bundles } = generateOneTimePrekeys(provider, owner.keys, empty, count)
  return { owner, prekeys: state, bundles, lastResort: lastResortBundle(provider, owner.keys, state) }
}

export function verified(published: Published, encoded?: Uint8Array): PrekeyBundle {
  const bytes = encoded ?? (published.bundles[0] as Uint8Array)
  return verifyPrekeyBundle(crypto, decodePrekeyBundle(bytes), published.owner.peer.signing)
}

export interface Begun {
  readonly alice: Device
  readonly published: Published
  readonly handshake: Uint8Array
  readonly session: SessionState
}

/** Alice has begun a post-quantum session with Bob, who has not heard of it. */
export function begunPq(pq: PostQuantum = postQuantum, encoded?: (from: Published) => Uint8Array): Begun {
  const alice = device()
  const published = publish(device(), 2, crypto, pq)
  const bundle = verified(published, encoded?.(published))
  const { handshake, session } = initiateSession(crypto, { keys: alice.keys, bundle, now: NOW, pq })
  return { alice, published, handshake, session }
}

export function answer(begun: Begun, handshake: Uint8Array = begun.handshake): AcceptedSession {
  const { owner, prekeys } = begun.published
  return acceptSession(crypto, { keys: owner.keys, prekeys, handshake, peer: begun.alice.peer, now: NOW })
}

/** Both ends of a new post-quantum session; Alice began it. */
export function newPqPair(): Pair {
  const begun = begunPq()
  return { alice: begun.session, bob: answer(begun).session }
}

export interface Pair {
  alice: SessionState
  bob: SessionState
}

/** Both ends of a new session; Alice began it. */
export function newPair(): Pair {
  const alice = device()
  const published = publish(device())
  const begun = initiateSession(crypto, { keys: alice.keys, bundle: verified(published), now: NOW })
  const accepted = acceptSession(crypto, {
    keys: published.owner.keys,
    prekeys: published.prekeys,
    handshake: begun.handshake,
    peer: alice.peer,
    now: NOW,
  })
  return { alice: begun.session, bob: accepted.session }
}

/** A session in which both have sent and received: the fullest state. */
export function talkedPair(): Pair {
  const pair = newPair()
  talk(pair, 'alice', 'one')
  talk(pair, 'bob', 'two')
  talk(pair, 'alice', 'three')
  return pair
}

/** Sends from one end and delivers to the other. */
export function talk(pair: Pair, from: keyof Pair, text: string): string | null {
  const to = from === 'alice' ? 'bob' : 'alice'
  const frame = send(pair, from, text)
  return receive(pair, to, frame)
}

export function send(pair: Pair, from: keyof Pair, text: string, size: SealedSize = 128): Uint8Array {
  const sent = encryptFrame(crypto, pair[from], { body: Buffer.from(text), size })
  pair[from] = sent.session
  return sent.frame
}

export function sendMany(pair: Pair, from: keyof Pair, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => send(pair, from, `${from} ${i}`))
}

/** The text, or null; the session moves only when there is one. */
export function receive(pair: Pair, to: keyof Pair, frame: Uint8Array): string | null {
  const opened = decryptFrame(crypto, pair[to], frame)
  if (opened === null) return null
  pair[to] = opened.session
  return Buffer.from(opened.body).toString()
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

/** Runs `attempt`, which must not throw, and proves that the session is the same afterwards, byte for byte. */
export function unchanged<T>(session: SessionState, attempt: () => T): T {
  const hex = (): string => Buffer.from(encodeSession(session)).toString('hex')
  const before = hex()
  const result = attempt()
  if (hex() !== before) throw new Error('the session changed')
  return result
}

/** The code of the error that `attempt` throws. */
export function codeOf(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : `not typed: ${String(error)}`
  }
  return 'no error'
}

/** A provider that counts its calls, to bound work without a clock. */
export function counting(): { provider: CryptoProvider; calls: () => Record<string, number> } {
  const calls: Record<string, number> = { chacha20: 0, hmac: 0, aead: 0, dh: 0, generate: 0, verify: 0 }
  const count = (name: string): void => {
    calls[name] = (calls[name] ?? 0) + 1
  }
  const provider: CryptoProvider = {
    ...crypto,
    chacha20: (key, nonce, length) => {
      count('chacha20')
      return crypto.chacha20(key, nonce, length)
    },
    hmacSha256: (key, data) => {
      count('hmac')
      return crypto.hmacSha256(key, data)
    },
    chacha20Poly1305: {
      ...crypto.chacha20Poly1305,
      open: (key, nonce, sealed, data) => {
        count('aead')
        return crypto.chacha20Poly1305.open(key, nonce, sealed, data)
      },
    },
    x25519: {
      ...crypto.x25519,
      generate: () => {
        count('generate')
        return crypto.x25519.generate()
      },
      dh: (key, publicKey) => {
        count('dh')
        return crypto.x25519.dh(key, publicKey)
      },
    },
  }
  return { provider, calls: () => ({ ...calls }) }
}

const { Point } = ed25519
const { Fp } = Point

/** The seven other keys, of those whose X25519 secrets are all the same as this one's: the key plus each small-order point. */
export function torsioned(publicKey: Uint8Array): Uint8Array[] {
  const u = bytesToNumberLE(publicKey)
  const y = Fp.div(Fp.sub(u, Fp.ONE), Fp.add(u, Fp.ONE))
  const point = Point.fromBytes(numberToBytesLE(y, 32))
  const generator = Point.fromHex(ORDER_8)
  const twins: Uint8Array[] = []
  for (let sum = point.add(generator); !sum.equals(point); sum = sum.add(generator)) {
    const v = sum.toAffine().y
    twins.push(numberToBytesLE(Fp.div(Fp.add(Fp.ONE, v), Fp.sub(Fp.ONE, v)), 32))
  }
  return twins
}

/** A point of order 8 in Edwards form. */
const ORDER_8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'

/** Every 32-byte string that names a small-order point, and two that name a good point in a second way. */
export const BAD_X25519: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880',
  // 9 + p, and 9 with the top bit: both are the base point, written otherwise.
  'f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0900000000000000000000000000000000000000000000000000000000000080',
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')))
