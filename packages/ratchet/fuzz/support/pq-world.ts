/** The fixed world of suite 2: one session in the middle of a post-quantum exchange, seen from both ends. */
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
  PQ_INTERVAL,
  type PrekeyState,
  type SessionState,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'

const NOW = 1_700_000_000_000

export interface PqFuzzWorld {
  readonly crypto: CryptoProvider
  readonly bob: DeviceKeys
  readonly prekeys: PrekeyState
  /** One-time and last-resort. */
  readonly bundles: readonly [Uint8Array, Uint8Array]
  readonly alice: PeerKeys
  readonly handshake: Uint8Array
  /** Awaiting, offering with half the answer, answering with half the key, moved, resting. */
  readonly sessions: Readonly<
    Record<'awaiting' | 'offering' | 'answering' | 'moved' | 'resting', SessionState>
  >
  /** Frames for the session that answers. */
  readonly frames: readonly Uint8Array[]
}

type Ends = [SessionState, SessionState]

/** One message from end `from`, read at once; returns its frame. */
function pass(crypto: CryptoProvider, ends: Ends, from: 0 | 1, size: 128 | 512 | 2048): Uint8Array {
  const to = from === 0 ? 1 : 0
  const sent = encryptFrame(crypto, ends[from], { body: Uint8Array.of(7), size })
  const opened = decryptFrame(crypto, ends[to], sent.frame)
  if (opened === null) throw new Error('the fuzz world is broken')
  ends[from] = sent.session
  ends[to] = opened.session
  return sent.frame
}

function sessionsOf(crypto: CryptoProvider, ends: Ends): Pick<PqFuzzWorld, 'sessions' | 'frames'> {
  const awaiting = ends[1]
  for (let i = 0; i < PQ_INTERVAL; i++) pass(crypto, ends, (i % 2) as 0 | 1, 128)
  const resting = ends[0]
  // The header is answered while the vector is still coming.
  for (let i = 0; i < 3; i++) {
    pass(crypto, ends, 0, 512)
    pass(crypto, ends, 1, 512)
  }
  const [offering, answering] = ends
  const frames = [pass(crypto, ends, 0, 512), pass(crypto, ends, 0, 128)]
  for (let i = 0; i < 2; i++) {
    pass(crypto, ends, 1, 2048)
    pass(crypto, ends, 0, 2048)
  }
  const [moved] = ends
  return { sessions: { awaiting, offering, answering, moved, resting }, frames }
}

export function pqFuzzWorld(): PqFuzzWorld {
  const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(71)) })
  const deviceKeys = (): DeviceKeys => ({
    signing: crypto.ed25519.generate(),
    agreement: crypto.x25519.generate(),
  })
  const [alice, bob] = [deviceKeys(), deviceKeys()]
  const empty = createPrekeyState(crypto, bob, { now: NOW, pq: postQuantum })
  const made = generateOneTimePrekeys(crypto, bob, empty, 1)
  const oneTime = made.bundles[0] as Uint8Array
  const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(oneTime), bob.signing.publicKey)
  const begun = initiateSession(crypto, { keys: alice, bundle, now: NOW, pq: postQuantum })
  const { handshake } = begun
  const peer = { signing: alice.signing.publicKey, agreement: alice.agreement.publicKey }
  const accepted = acceptSession(crypto, { keys: bob, prekeys: made.state, handshake, peer, now: NOW })
  const bundles = [oneTime, lastResortBundle(crypto, bob, made.state)] as const
  const states = sessionsOf(crypto, [begun.session, accepted.session])
  return { crypto, bob, prekeys: made.state, bundles, alice: peer, handshake, ...states }
}
