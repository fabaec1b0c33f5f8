/** The fixed world of the Signal wire: a first message, and one session in each of the eleven states of its exchange. */
import {
  type CryptoProvider,
  createNobleCrypto,
  unsafeSeededRng,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import { coreOf } from '../../src/signal/session.js'
import {
  acceptSignalSession,
  createKyberPrekey,
  createPrekey,
  createSignedPrekey,
  decryptSignal,
  encryptSignal,
  initiateSignalSession,
  type SignalBundle,
  type SignalPrekeyLookup,
  type SignalSession,
  verifySignalBundle,
} from '../../src/signal.js'

/** A session about to read a message. */
export interface SignalMoment {
  readonly session: SignalSession
  readonly message: Uint8Array
}

export interface SignalFuzzWorld {
  readonly crypto: CryptoProvider
  readonly alice: X25519PrivateKey
  readonly bob: X25519PrivateKey
  readonly bundle: SignalBundle
  readonly prekeys: SignalPrekeyLookup
  /** Alice's, before she sent anything. */
  readonly unanswered: SignalSession
  readonly firstMessage: Uint8Array
  /** By the state of the exchange that the reader is in. */
  readonly moments: Readonly<Record<string, SignalMoment>>
}

type Ends = [SignalSession, SignalSession]
const STATES = 11
/** Of every three letters one way, how many arrive: changes which part of the exchange is whole first. */
const ARRIVING = [3, 1] as const

/** Talks until every state has been seen by a reader. Two letters a turn, so that there is one between two of ours. */
function momentsOf(crypto: CryptoProvider, ends: Ends): Record<string, SignalMoment> {
  const moments: Record<string, SignalMoment> = {}
  for (let turn = 0; Object.keys(moments).length < STATES; turn++) {
    if (turn > 2000) throw new Error('the fuzz world is broken')
    const [from, to] = turn % 2 === 0 ? ([1, 0] as const) : ([0, 1] as const)
    for (let letter = 0; letter < 2; letter++) {
      const sent = encryptSignal(crypto, ends[from], Uint8Array.of(turn, letter))
      ends[from] = sent.session
      const arriving = ARRIVING[(from + (turn >> 8)) % 2] as number
      if ((turn >> 1) % 3 >= arriving && letter === 0) continue
      const session = ends[to]
      moments[coreOf(session).pq.braid.kind] ??= { session, message: sent.message }
      ends[to] = decryptSignal(crypto, session, sent.message).session
    }
  }
  return moments
}

export function signalFuzzWorld(): SignalFuzzWorld {
  const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(72)) })
  const [alice, bob] = [crypto.x25519.generate(), crypto.x25519.generate()]
  const signed = createSignedPrekey(crypto, bob, 1)
  const kyber = createKyberPrekey(crypto, bob, 2)
  const once = createPrekey(crypto, 3)
  const bundle: SignalBundle = {
    registrationId: 7,
    deviceId: 1,
    identityKey: bob.publicKey,
    signedPrekey: { id: 1, key: signed.key.publicKey, signature: signed.signature },
    kyberPrekey: { id: 2, key: kyber.publicKey, signature: kyber.signature },
    prekey: { id: 3, key: once.key.publicKey },
  }
  const prekeys: SignalPrekeyLookup = {
    signedPrekey: (id) => (id === 1 ? signed : undefined),
    kyberPrekey: (id) => (id === 2 ? kyber : undefined),
    prekey: (id) => (id === 3 ? once : undefined),
  }
  const verified = verifySignalBundle(crypto, bundle, bob.publicKey)
  const unanswered = initiateSignalSession(crypto, { identity: alice, registrationId: 9, bundle: verified })
  const first = encryptSignal(crypto, unanswered, Uint8Array.of(1, 2, 3))
  const accepted = acceptSignalSession(crypto, {
    identity: bob,
    prekeys,
    message: first.message,
    peer: alice.publicKey,
  })
  const moments = momentsOf(crypto, [first.session, accepted.session])
  return { crypto, alice, bob, bundle, prekeys, unanswered, firstMessage: first.message, moments }
}
