/** Two parties on the Signal wire, their session, and what many tests do to them. */
import { isHyphaeError } from '@hyphae/core'
import {
  type CryptoProvider,
  createNobleCrypto,
  defaultCrypto,
  unsafeSeededRng,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import {
  acceptSignalSession,
  createKyberPrekey,
  createPrekey,
  createSignedPrekey,
  decryptSignal,
  decryptSignalPrekey,
  encodeSignalSession,
  encryptSignal,
  initiateSignalSession,
  type SignalAccepted,
  type SignalBundle,
  type SignalEncrypted,
  type SignalKyberPrekey,
  type SignalPrekey,
  type SignalPrekeyLookup,
  type SignalSession,
  type SignalSignedPrekey,
  verifySignalBundle,
} from '../../src/signal.js'

export const crypto: CryptoProvider = defaultCrypto

/** A provider whose keys are the same in every run. */
export function seededCrypto(seed: number): CryptoProvider {
  return createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(seed)) })
}

export interface Responder {
  readonly identity: X25519PrivateKey
  readonly signed: SignalSignedPrekey
  readonly kyber: SignalKyberPrekey
  readonly once: SignalPrekey
  readonly bundle: SignalBundle
  readonly lookup: SignalPrekeyLookup
}

export function responder(provider: CryptoProvider = crypto): Responder {
  const identity = provider.x25519.generate()
  const signed = createSignedPrekey(provider, identity, 1)
  const kyber = createKyberPrekey(provider, identity, 2)
  const once = createPrekey(provider, 3)
  const bundle = {
    registrationId: 7,
    deviceId: 1,
    identityKey: identity.publicKey,
    signedPrekey: { id: 1, key: signed.key.publicKey, signature: signed.signature },
    kyberPrekey: { id: 2, key: kyber.publicKey, signature: kyber.signature },
    prekey: { id: 3, key: once.key.publicKey },
  }
  const lookup = {
    signedPrekey: (id: number) => (id === 1 ? signed : undefined),
    kyberPrekey: (id: number) => (id === 2 ? kyber : undefined),
    prekey: (id: number) => (id === 3 ? once : undefined),
  }
  return { identity, signed, kyber, once, bundle, lookup }
}

export interface Begun {
  readonly alice: X25519PrivateKey
  readonly bob: Responder
  readonly session: SignalSession
}

/** Alice has a session with Bob, and has sent nothing. */
export function begin(provider: CryptoProvider = crypto, bundle?: SignalBundle): Begun {
  const alice = provider.x25519.generate()
  const bob = responder(provider)
  const verified = verifySignalBundle(provider, bundle ?? bob.bundle, bob.identity.publicKey)
  const session = initiateSignalSession(provider, { identity: alice, registrationId: 9, bundle: verified })
  return { alice, bob, session }
}

export function accept({ alice, bob }: Begun, message: Uint8Array, provider = crypto): SignalAccepted {
  const { identity, lookup: prekeys } = bob
  return acceptSignalSession(provider, { identity, prekeys, message, peer: alice.publicKey })
}

export interface Pair {
  alice: SignalSession
  bob: SignalSession
}

/** Both ends of a session; both have heard from each other. */
export function newPair(provider: CryptoProvider = crypto): Pair {
  const begun = begin(provider)
  const first = encryptSignal(provider, begun.session, Uint8Array.of(1))
  const { session } = accept(begun, first.message, provider)
  const pair = { alice: first.session, bob: session }
  pass(pair, 'bob', provider)
  return pair
}

export type End = keyof Pair
export const other = (end: End): End => (end === 'alice' ? 'bob' : 'alice')

/** A message of one end, whose state goes on. */
export function send(
  pair: Pair,
  end: End,
  body: Uint8Array = Uint8Array.of(7),
  provider = crypto,
): SignalEncrypted {
  const sent = encryptSignal(provider, pair[end], body)
  pair[end] = sent.session
  return sent
}

/** The plaintext, at the end it was sent to. */
export function open(pair: Pair, end: End, sent: SignalEncrypted, provider = crypto): Uint8Array {
  const decrypt = sent.kind === 'prekey' ? decryptSignalPrekey : decryptSignal
  const opened = decrypt(provider, pair[end], sent.message)
  pair[end] = opened.session
  return opened.plaintext
}

/** One message from `end` that arrives. */
export function pass(pair: Pair, end: End, provider = crypto): void {
  open(pair, other(end), send(pair, end, Uint8Array.of(7), provider), provider)
}

/** The code of what `run` throws; undefined when it does not. Anything untyped is thrown on. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

export function stored(session: SignalSession): Uint8Array {
  return encodeSignalSession(crypto, session)
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}
