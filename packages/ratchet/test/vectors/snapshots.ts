/**
 * Makes the snapshots that `vectors/snapshots/` freezes: one of each state, with something that it must still be able
 * to do. Everything is seeded, so that the file can be made again, which only ever makes a new one.
 */
import { toHex } from '@hyphae/core'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { signalFuzzWorld } from '../../fuzz/support/signal-world.js'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decodeSession,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PostQuantum,
  type PrekeyState,
  rotateSignedPrekey,
  type SessionState,
  sessionHealth,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { NOTHING } from '../../src/pq/erasure.js'
import type { Exchange } from '../../src/pq/state.js'
import { createPostQuantum, postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { decryptSignal, encodeSignalSession, type SignalSession } from '../../src/signal.js'

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(53)) })
const NOW = 1_700_000_000_000
const DAY = 24 * 60 * 60 * 1000

/** Bytes are hexadecimal, times milliseconds. */
export interface FrozenSession {
  readonly kind: 'session'
  readonly name: string
  readonly suite: 1 | 2
  readonly bytes: string
  readonly facts: ReturnType<typeof factsOf>
  /** A frame that it opens, and what is inside. */
  readonly opens: { readonly frame: string; readonly body: string }
}

export interface FrozenPrekeys {
  readonly kind: 'prekeys'
  readonly name: string
  readonly suite: 1 | 2
  readonly bytes: string
  readonly nextId: number
  readonly signedIds: readonly number[]
  readonly oneTimeIds: readonly number[]
  /** The device's private keys, a handshake that it accepts, and the session that comes of it. */
  readonly accepts: {
    readonly signingSeed: string
    readonly agreementSecret: string
    readonly initiator: { readonly signing: string; readonly agreement: string }
    readonly handshake: string
    readonly sessionId: string
  }
}

export interface FrozenSignalSession {
  readonly kind: 'signal-session'
  readonly name: string
  readonly bytes: string
  readonly facts: ReturnType<typeof signalFactsOf>
  /** Null for an initiator who waits. */
  readonly opens: { readonly message: string; readonly plaintext: string } | null
}

export type Frozen = FrozenSession | FrozenPrekeys | FrozenSignalSession

export function factsOf(session: SessionState) {
  const { id, role, peer, createdAt, mailboxSecret } = session
  return {
    id: toHex(id),
    role,
    peer: { signing: toHex(peer.signing), agreement: toHex(peer.agreement) },
    createdAt,
    mailboxSecret: toHex(mailboxSecret),
    health: { ...sessionHealth(session) },
  }
}

export function signalFactsOf({ peer, baseKey, unacknowledged, pqEpoch }: SignalSession) {
  return { peer: toHex(peer), baseKey: toHex(baseKey), unacknowledged, pqEpoch }
}

function deviceKeys(): DeviceKeys {
  return { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
}

type Ends = [SessionState, SessionState]

/** The state of `to` before it reads, and what it reads. */
function freeze(name: string, session: SessionState, frame: Uint8Array, now: number): FrozenSession {
  const opened = decryptFrame(crypto, session, frame, { now })
  if (opened === null) throw new Error(`${name} does not open its frame`)
  const suite = coreOf(session).pq === null ? 1 : 2
  const bytes = encodeSession(session)
  return {
    kind: 'session',
    name,
    suite,
    bytes: toHex(bytes),
    // As they are read: suite 1 stores no times of healing.
    facts: factsOf(decodeSession(crypto, bytes, { pq: postQuantum })),
    opens: { frame: toHex(frame), body: toHex(opened.body) },
  }
}

function begin(pq: PostQuantum | undefined): Ends {
  const [alice, bob] = [deviceKeys(), deviceKeys()]
  const empty = createPrekeyState(crypto, bob, { now: NOW, ...(pq && { pq }) })
  const { state: prekeys, bundles } = generateOneTimePrekeys(crypto, bob, empty, 1)
  const unverified = decodePrekeyBundle(bundles[0] as Uint8Array)
  const bundle = verifyPrekeyBundle(crypto, unverified, bob.signing.publicKey)
  const begun = initiateSession(crypto, { keys: alice, bundle, now: NOW, ...(pq && { pq }) })
  const peer = { signing: alice.signing.publicKey, agreement: alice.agreement.publicKey }
  const { handshake } = begun
  return [begun.session, acceptSession(crypto, { keys: bob, prekeys, handshake, peer, now: NOW + 1 }).session]
}

function sendFrom(ends: Ends, from: 0 | 1, text: string, size: 128 | 512 | 2048): Uint8Array {
  const sent = encryptFrame(crypto, ends[from], { body: Buffer.from(text), size })
  ends[from] = sent.session
  return sent.frame
}

/** Sends from one end; the other reads it, unless it is to be late. */
function pass(ends: Ends, from: 0 | 1, now: number, size: 128 | 512 | 2048 = 128, late = false): Uint8Array {
  const to = from === 0 ? 1 : 0
  const frame = sendFrom(ends, from, `at ${now}`, size)
  if (late) return frame
  const opened = decryptFrame(crypto, ends[to], frame, { now })
  if (opened === null) throw new Error('it must open')
  ends[to] = opened.session
  return frame
}

function sessionsOf(label: string, pq: PostQuantum | undefined): FrozenSession[] {
  const ends = begin(pq)
  const frozen: FrozenSession[] = []
  const take = (name: string, from: 0 | 1, late?: Uint8Array): void => {
    const before: Ends = [ends[0], ends[1]]
    const frame = late ?? sendFrom(before, from, `${label}: ${name}`, 512)
    frozen.push(freeze(`${label}: ${name}`, ends[from === 0 ? 1 : 0], frame, NOW + DAY))
  }
  take('responder that read nothing', 0)
  take('initiator that read nothing', 1)
  pass(ends, 0, NOW + 1000)
  take('responder whose answer is due', 0)
  pass(ends, 1, NOW + 2000)
  pass(ends, 0, NOW + 3000)
  pass(ends, 1, NOW + 4000)
  take('responder ready to send', 0)
  pass(ends, 0, NOW + 5000)
  take('initiator ready to send', 1)
  const late = pass(ends, 1, NOW + 6000, 128, true)
  pass(ends, 1, NOW + 7000, 128, true)
  pass(ends, 1, NOW + 8000)
  take('initiator with late messages', 1, late)
  pass(ends, 0, NOW + 9000)
  take('initiator with late messages of an ended chain', 1)
  return frozen
}

/** Both ends: resting, offering and awaiting bare and with chunks, answering likewise, and moved. */
const EXCHANGE_STATES = 16

function hasChunks(exchange: Exchange): boolean {
  if (exchange.kind === 'answering')
    return exchange.rest.kind === 'pending' && exchange.rest.pending.vector !== NOTHING
  if (exchange.kind !== 'offering' && exchange.kind !== 'awaiting') return false
  return exchange.collected.some((part) => part !== NOTHING)
}

/** Suite 2 in each state of its exchange, at either end. */
function exchangesOf(): FrozenSession[] {
  const ends = begin(postQuantum)
  const frozen = new Map<string, FrozenSession>()
  for (let i = 0; i < 400 && frozen.size < EXCHANGE_STATES; i++) {
    const from = (i % 2) as 0 | 1
    const session = ends[1 - from] as SessionState
    const now = NOW + 1000 * i
    const exchange = coreOf(session).pq?.state.exchange
    if (exchange === undefined) throw new Error('not post-quantum')
    const key = `suite 2, ${session.role}: ${exchange.kind}${hasChunks(exchange) ? ', some of it there' : ''}`
    // Small frames first: a value that comes whole is never seen half.
    const size = i < 120 || i % 3 === 0 ? 128 : 512
    const frame = pass(ends, from, now, size)
    if (!frozen.has(key)) frozen.set(key, freeze(key, session, frame, now))
  }
  if (frozen.size !== EXCHANGE_STATES) throw new Error(`only ${[...frozen.keys()]}`)
  return [...frozen.values()]
}

function prekeysOf(
  name: string,
  pq: PostQuantum | undefined,
  rotations: number,
  oneTime: number,
): FrozenPrekeys {
  const [alice, bob] = [deviceKeys(), deviceKeys()]
  let state: PrekeyState = createPrekeyState(crypto, bob, { now: NOW, ...(pq && { pq }) })
  for (let i = 1; i <= rotations; i++)
    state = rotateSignedPrekey(crypto, bob, state, { now: NOW + i * 7 * DAY })
  let offered = lastResortBundle(crypto, bob, state)
  if (oneTime > 0) {
    const made = generateOneTimePrekeys(crypto, bob, state, oneTime)
    state = made.state
    offered = made.bundles[made.bundles.length - 1] as Uint8Array
  }
  const bundle = verifyPrekeyBundle(crypto, decodePrekeyBundle(offered), bob.signing.publicKey)
  const { handshake, session } = initiateSession(crypto, { keys: alice, bundle, now: NOW, ...(pq && { pq }) })
  return {
    kind: 'prekeys',
    name,
    suite: pq === undefined ? 1 : 2,
    bytes: toHex(encodePrekeyState(crypto, state)),
    nextId: state.nextId,
    signedIds: state.signed.map(({ id }) => id),
    oneTimeIds: state.oneTime.map(({ id }) => id),
    accepts: {
      signingSeed: toHex(crypto.ed25519.exportSeed(bob.signing)),
      agreementSecret: toHex(crypto.x25519.exportPrivateKey(bob.agreement)),
      initiator: { signing: toHex(alice.signing.publicKey), agreement: toHex(alice.agreement.publicKey) },
      handshake: toHex(handshake),
      sessionId: toHex(session.id),
    },
  }
}

function signalSessionsOf(): FrozenSignalSession[] {
  const world = signalFuzzWorld()
  const freezeSignal = (name: string, session: SignalSession, message?: Uint8Array): FrozenSignalSession => ({
    kind: 'signal-session',
    name: `Signal wire: ${name}`,
    bytes: toHex(encodeSignalSession(world.crypto, session)),
    facts: signalFactsOf(session),
    opens:
      message === undefined
        ? null
        : {
            message: toHex(message),
            plaintext: toHex(decryptSignal(world.crypto, session, message).plaintext),
          },
  })
  const states = Object.entries(world.moments).map(([kind, { session, message }]) =>
    freezeSignal(kind, session, message),
  )
  return [freezeSignal('initiator that was not answered', world.unanswered), ...states]
}

export function makeSnapshots(): Frozen[] {
  return [
    ...sessionsOf('suite 1', undefined),
    ...sessionsOf('suite 2', postQuantum),
    ...exchangesOf(),
    prekeysOf('suite 1, last resort alone', undefined, 0, 0),
    prekeysOf('suite 1, three signed and four one-time prekeys', undefined, 4, 4),
    prekeysOf('suite 2, ML-KEM-768, last resort alone', postQuantum, 1, 0),
    prekeysOf('suite 2, ML-KEM-768, two one-time prekeys', postQuantum, 0, 2),
    prekeysOf(
      'suite 2, ML-KEM-1024, two one-time prekeys',
      createPostQuantum({ prekeyKem: 'ml-kem-1024' }),
      0,
      2,
    ),
    ...signalSessionsOf(),
  ]
}
