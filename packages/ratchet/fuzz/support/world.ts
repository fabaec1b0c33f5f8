/** The fixed world that fuzzing runs in: the same keys and states every time, so that a corpus stays meaningful. */
import { type CryptoProvider, createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decryptFrame,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PeerKeys,
  type PrekeyState,
  type SessionState,
  verifyPrekeyBundle,
} from '../../src/index.js'

const NOW = 1_700_000_000_000

export interface FuzzWorld {
  readonly crypto: CryptoProvider
  readonly bob: DeviceKeys
  readonly prekeys: PrekeyState
  readonly bundles: readonly Uint8Array[]
  readonly alice: PeerKeys
  readonly handshake: Uint8Array
  /** Bob's end: a chain to receive on, late messages, and a next chain to expect. */
  readonly session: SessionState
  /** A frame of Bob's current chain, one of his next chain, a late one, and one he has read. */
  readonly frames: readonly Uint8Array[]
}

function deviceKeys(crypto: CryptoProvider): DeviceKeys {
  return { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
}

function sends(crypto: CryptoProvider, session: SessionState, count: number): [SessionState, Uint8Array[]] {
  const frames: Uint8Array[] = []
  let state = session
  for (let i = 0; i < count; i++) {
    const sent = encryptFrame(crypto, state, { body: Uint8Array.of(i), size: 128 })
    frames.push(sent.frame)
    state = sent.session
  }
  return [state, frames]
}

function reads(crypto: CryptoProvider, session: SessionState, frame: Uint8Array | undefined): SessionState {
  const opened = frame === undefined ? null : decryptFrame(crypto, session, frame)
  if (opened === null) throw new Error('the fuzz world is broken')
  return opened.session
}

export function fuzzWorld(): FuzzWorld {
  const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(70)) })
  const alice = deviceKeys(crypto)
  const bob = deviceKeys(crypto)
  const made = generateOneTimePrekeys(crypto, bob, createPrekeyState(crypto, bob, { now: NOW }), 2)
  const bundles = [...made.bundles, lastResortBundle(crypto, bob, made.state)]
  const decoded = decodePrekeyBundle(bundles[0] as Uint8Array)
  const bundle = verifyPrekeyBundle(crypto, decoded, bob.signing.publicKey)
  const begun = initiateSession(crypto, { keys: alice, bundle, now: NOW, context: Uint8Array.of(1, 2, 3) })
  const { handshake } = begun
  const peer = { signing: alice.signing.publicKey, agreement: alice.agreement.publicKey }
  const accepted = acceptSession(crypto, { keys: bob, prekeys: made.state, handshake, peer, now: NOW })
  const [aliceSent, current] = sends(crypto, begun.session, 4)
  const bobRead = reads(crypto, accepted.session, current[2])
  const [bobSent, answers] = sends(crypto, bobRead, 1)
  const [, next] = sends(crypto, reads(crypto, aliceSent, answers[0]), 1)
  const [late, , read, coming] = current as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const frames = [coming, next[0] as Uint8Array, late, read]
  return { crypto, bob, prekeys: made.state, bundles, alice: peer, handshake, session: bobSent, frames }
}
