/**
 * Hostile case 52 over every function that draws randomness: whichever of its draws goes wrong, and however, the call
 * fails with a typed error, and the state that it was given is the same, byte for byte, and goes on afterwards.
 */
import type { Store } from '@hyphae/core'
import { createNobleCrypto, type Rng, unsafeSeededRng } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  type PostQuantum,
  type PrekeyBundle,
  type PrekeyState,
  rotateSignedPrekey,
  type SessionState,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { openSessions, type Sessions, type SessionTransaction } from '../../src/sessions.js'
import { coreOf as signalCoreOf } from '../../src/signal/session.js'
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
  type SignalSession,
  verifySignalBundle,
  xeddsaSign,
} from '../../src/signal.js'
import { codeOf, NOW } from '../support.js'
import { rowsOf } from '../vectors/stores.js'

/** One provider for a whole scene, so that its keys are its own; the generator under it can be told to fail. */
const honest = unsafeSeededRng(new Uint8Array(32).fill(52))
let draws = 0
let fault: { readonly at: number; readonly answer: Rng } | null = null
const crypto = createNobleCrypto({
  rng: (length) => {
    draws++
    return fault !== null && draws >= fault.at ? fault.answer(length) : honest(length)
  },
})

const FAULTS: readonly (readonly [string, Rng])[] = [
  [
    'throws',
    () => {
      throw new Error('no entropy')
    },
  ],
  ['answers short', (length) => new Uint8Array(length - 1).fill(1)],
  ['answers nothing', () => undefined as unknown as Uint8Array],
]
const stuck: Rng = (length) => new Uint8Array(length).fill(7)

interface StoreNode {
  readonly name: string
  readonly keys: DeviceKeys
  readonly store: Store
  readonly sessions: Sessions
}

interface Scene {
  /** Draws randomness. */
  act(): unknown
  /** What must not change, and whether it still works, as bytes. */
  state(): Uint8Array
}

/** Runs `act` once well, to learn how often it draws, and then with each of its draws failing in each way. */
function check(scene: Scene, least: number): void {
  const before = scene.state()
  draws = 0
  scene.act()
  const needed = draws
  expect(needed).toBeGreaterThanOrEqual(least)
  for (const [name, answer] of FAULTS) {
    for (let at = 1; at <= needed; at++) {
      draws = 0
      fault = { at, answer }
      const code = codeOf(scene.act)
      fault = null
      expect([name, at, code]).toEqual([name, at, 'crypto/rng-failed'])
      expect(scene.state()).toEqual(before)
    }
  }
  expect(codeOf(scene.act)).toBe('no error')
}

/** A stuck generator shows in its second draw: whatever needs two makes nothing. */
function checkStuck(scene: Scene): void {
  const before = scene.state()
  draws = 0
  fault = { at: 1, answer: stuck }
  const code = codeOf(scene.act)
  fault = null
  expect(code).toBe('crypto/rng-failed')
  expect(scene.state()).toEqual(before)
  expect(codeOf(scene.act)).toBe('no error')
}

const NOTHING = new Uint8Array(0)
const body = Uint8Array.of(1)

describe.each([
  ['suite 1', undefined],
  ['suite 2', postQuantum],
] as const)('hostile 52: a generator that fails at any draw, %s', (_, pq?: PostQuantum) => {
  const options = pq === undefined ? { now: NOW } : { now: NOW, pq }
  const deviceKeys = (): DeviceKeys => ({
    signing: crypto.ed25519.generate(),
    agreement: crypto.x25519.generate(),
  })
  const [alice, bob] = [deviceKeys(), deviceKeys()]
  const stored = (state: PrekeyState) => (): Uint8Array => encodePrekeyState(crypto, state)

  function published(): { state: PrekeyState; bundle: PrekeyBundle } {
    const { state, bundles } = generateOneTimePrekeys(crypto, bob, createPrekeyState(crypto, bob, options), 1)
    const unverified = decodePrekeyBundle(bundles[0] as Uint8Array)
    return { state, bundle: verifyPrekeyBundle(crypto, unverified, bob.signing.publicKey) }
  }

  function pair(): [SessionState, SessionState] {
    const { state: prekeys, bundle } = published()
    const { session, handshake } = initiateSession(crypto, { keys: alice, bundle, ...options })
    const peer = { signing: alice.signing.publicKey, agreement: alice.agreement.publicKey }
    const accepted = acceptSession(crypto, { keys: bob, prekeys, handshake, peer, now: NOW })
    return [session, accepted.session]
  }

  function pass(ends: [SessionState, SessionState], from: 0 | 1): void {
    const sent = encryptFrame(crypto, ends[from], { body, size: 2048 })
    const opened = decryptFrame(crypto, ends[1 - from] as SessionState, sent.frame)
    if (opened === null) throw new Error('it must open')
    ends[from] = sent.session
    ends[1 - from] = opened.session
  }

  it('makes no prekey', () => {
    const { state } = published()
    check({ act: () => createPrekeyState(crypto, bob, options), state: () => NOTHING }, pq ? 2 : 1)
    check({ act: () => rotateSignedPrekey(crypto, bob, state, { now: NOW }), state: stored(state) }, 1)
    const batch = { act: () => generateOneTimePrekeys(crypto, bob, state, 3), state: stored(state) }
    check(batch, pq ? 6 : 3)
    checkStuck(batch)
  })

  it('begins no session', () => {
    const { bundle } = published()
    const act = (): unknown => initiateSession(crypto, { keys: alice, bundle, ...options })
    check({ act, state: () => NOTHING }, pq ? 3 : 2)
    checkStuck({ act, state: () => NOTHING })
  })

  it('makes no ratchet key', () => {
    const [, session] = pair()
    const act = (): unknown => encryptFrame(crypto, session, { body, size: 128 })
    check({ act, state: () => encodeSession(session) }, 1)
  })

  it('makes no offer and no answer of the post-quantum ratchet', () => {
    const ends = pair()
    const kinds = new Set<string>()
    for (let i = 0; i < 80; i++) {
      const from = (i % 2) as 0 | 1
      const session = ends[from]
      const { sending, pq: side } = coreOf(session)
      draws = 0
      const { session: next } = encryptFrame(crypto, session, { body, size: 2048 })
      const kind = coreOf(next).pq?.state.exchange.kind
      const changed = kind !== undefined && kind !== side?.state.exchange.kind
      if (changed && draws > (sending.kind === 'due' ? 1 : 0)) {
        kinds.add(kind)
        const act = (): unknown => encryptFrame(crypto, session, { body, size: 2048 })
        check({ act, state: () => encodeSession(session) }, 1)
      }
      pass(ends, from)
    }
    expect([...kinds].sort()).toEqual(pq ? ['answering', 'offering'] : [])
  })
})

describe('hostile 52: a generator that fails at any draw, sessions in a store', () => {
  const clock = { now: () => NOW }

  async function nodeOf(name: string): Promise<StoreNode> {
    const keys = { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
    const store = memoryStore()
    return {
      name,
      keys,
      store,
      sessions: await openSessions({ crypto, clock, keys, store, pq: postQuantum }),
    }
  }

  /** As `check`, for what a transaction does: the store stays as it was, and so does what the manager remembers. */
  async function checkTransaction(
    { store, sessions }: StoreNode,
    least: number,
    work: (tx: SessionTransaction) => Promise<unknown>,
  ): Promise<void> {
    const undone = new Error('undone')
    const before = await rowsOf(store)
    draws = 0
    const dry = sessions.transact(async (tx) => {
      await work(tx)
      throw undone
    })
    await expect(dry).rejects.toBe(undone)
    const needed = draws
    expect(needed).toBeGreaterThanOrEqual(least)
    for (const [, answer] of FAULTS) {
      for (let at = 1; at <= needed; at++) {
        draws = 0
        fault = { at, answer }
        const outcome = await sessions.transact(work).then(
          () => 'no error',
          (error: { code?: string }) => error.code,
        )
        fault = null
        expect([at, outcome]).toEqual([at, 'crypto/rng-failed'])
        expect(await rowsOf(store)).toEqual(before)
      }
    }
    await sessions.transact(work)
    expect(await rowsOf(store)).not.toEqual(before)
  }

  it('makes no prekey, session or ratchet key, writes nothing, and goes on afterwards', async () => {
    const [alice, bob] = [await nodeOf('alice'), await nodeOf('bob')]
    await checkTransaction(bob, 2, (tx) => bob.sessions.rotatePrekeys(tx))
    let offered: Uint8Array = NOTHING
    await checkTransaction(bob, 4, async (tx) => {
      offered = (await bob.sessions.issuePrekeys(tx, 2)).bundles[0] ?? NOTHING
    })
    const unverified = decodePrekeyBundle(offered)
    const bundle = verifyPrekeyBundle(crypto, unverified, bob.keys.signing.publicKey)
    let handshake: Uint8Array = NOTHING
    await checkTransaction(alice, 3, async (tx) => {
      handshake = (await alice.sessions.begin(tx, { device: 'bob', bundle })).handshake
    })
    const { signing, agreement } = alice.keys
    const peer = { signing: signing.publicKey, agreement: agreement.publicKey }
    await bob.sessions.transact((tx) => bob.sessions.accept(tx, { device: 'alice', peer, handshake }))
    let frame: Uint8Array = NOTHING
    await checkTransaction(bob, 1, async (tx) => {
      frame = (await bob.sessions.encrypt(tx, 'alice', { body, size: 128 })).frame
    })
    const opened = await alice.sessions.transact((tx) => alice.sessions.decrypt(tx, { frame }))
    expect(opened?.body).toEqual(body)
  })
})

describe('hostile 52: a generator that fails at any draw, Signal wire', () => {
  const [alice, bob] = [crypto.x25519.generate(), crypto.x25519.generate()]
  const signed = createSignedPrekey(crypto, bob, 1)
  const kyber = createKyberPrekey(crypto, bob, 2)
  const offered = {
    registrationId: 1,
    deviceId: 1,
    identityKey: bob.publicKey,
    signedPrekey: { id: 1, key: signed.key.publicKey, signature: signed.signature },
    kyberPrekey: { id: 2, key: kyber.publicKey, signature: kyber.signature },
  }
  const bundle = verifySignalBundle(crypto, offered, bob.publicKey)
  const initiate = (): SignalSession =>
    initiateSignalSession(crypto, { identity: alice, registrationId: 1, bundle })
  const prekeys = { signedPrekey: () => signed, kyberPrekey: () => kyber, prekey: () => undefined }

  it('makes no prekey, signature or session', () => {
    const state = (): Uint8Array => NOTHING
    check({ act: () => createPrekey(crypto, 1), state }, 1)
    check({ act: () => createSignedPrekey(crypto, bob, 1), state }, 2)
    check({ act: () => createKyberPrekey(crypto, bob, 1), state }, 2)
    check({ act: () => xeddsaSign(crypto, bob, body), state }, 1)
    check({ act: initiate, state }, 3)
    checkStuck({ act: () => createSignedPrekey(crypto, bob, 1), state })
    checkStuck({ act: () => createKyberPrekey(crypto, bob, 1), state })
    checkStuck({ act: initiate, state })
  })

  it('accepts no first message, and the same one later', () => {
    const session = initiate()
    const { message } = encryptSignal(crypto, session, body)
    const act = (): unknown =>
      acceptSignalSession(crypto, { identity: bob, prekeys, message, peer: alice.publicKey })
    check({ act, state: () => encodeSignalSession(crypto, session) }, 1)
  })

  it('makes no step of either ratchet, in any state of the exchange', () => {
    const first = encryptSignal(crypto, initiate(), body)
    const options = { identity: bob, prekeys, message: first.message, peer: alice.publicKey }
    const ends = [first.session, acceptSignalSession(crypto, options).session] as [
      SignalSession,
      SignalSession,
    ]
    const drawing = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const [from, to] = i % 2 === 0 ? [1, 0] : [0, 1]
      const sender = ends[from] as SignalSession
      draws = 0
      const sent = encryptSignal(crypto, sender, body)
      const { kind } = signalCoreOf(sender).pq.braid
      if (draws > 0 && !drawing.has(kind)) {
        drawing.add(kind)
        const act = (): unknown => encryptSignal(crypto, sender, body)
        check({ act, state: () => encodeSignalSession(crypto, sender) }, 1)
      }
      const receiver = ends[to] as SignalSession
      const open = sent.kind === 'prekey' ? decryptSignalPrekey : decryptSignal
      const receive = () => open(crypto, receiver, sent.message)
      // Every message begins a new chain here, and the answer to it draws a ratchet key.
      if (i < 4) check({ act: receive, state: () => encodeSignalSession(crypto, receiver) }, 1)
      ends[from] = sent.session
      ends[to] = receive().session
    }
    expect([...drawing].sort()).toEqual(['header-received', 'keys-unsampled'])
  })
})
