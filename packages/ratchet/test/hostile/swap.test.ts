/** Hostile case 18: keys swapped between check and use, in the buffers that a caller handed over. */
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  decodePrekeyBundle,
  decryptFrame,
  encryptFrame,
  initiateSession,
  type PostQuantum,
  verifyPrekeyBundle,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import {
  accept as acceptAt,
  begin,
  bundleOf,
  newNode,
  refusal,
  type TestNode,
  testClock,
} from '../sessions/support.js'
import { codeOf, crypto, device, NOW, publish } from '../support.js'

describe.each([
  ['suite 1', undefined],
  ['suite 2', postQuantum],
] as const)('hostile 18: swapped between check and use, %s', (_, pq?: PostQuantum) => {
  const alice = device()
  const bob = publish(device(), 2, crypto, pq)
  const mallory = publish(device(), 2, crypto, pq)
  const options = { keys: alice.keys, now: NOW, ...(pq && { pq }) }

  it('a bundle is checked and used as it was when it was decoded', () => {
    const buffer = Uint8Array.from(bob.bundles[0] as Uint8Array)
    const expected = Uint8Array.from(bob.owner.peer.signing)
    const unverified = decodePrekeyBundle(buffer)
    buffer.set(mallory.bundles[0] as Uint8Array)
    const bundle = verifyPrekeyBundle(crypto, unverified, expected)
    expected.set(mallory.owner.peer.signing)
    const { handshake, session } = initiateSession(crypto, { ...options, bundle })
    expect(session.peer).toEqual(bob.owner.peer)
    const accept = (from: typeof bob): string => {
      const { owner, prekeys } = from
      return codeOf(() =>
        acceptSession(crypto, { keys: owner.keys, prekeys, handshake, peer: alice.peer, now: NOW }),
      )
    }
    expect([accept(bob), accept(mallory)]).toEqual(['no error', 'ratchet/handshake-rejected'])
  })

  it('a bundle swapped before it is decoded is refused by the identity that was expected', () => {
    const buffer = Uint8Array.from(bob.bundles[0] as Uint8Array)
    buffer.set(mallory.bundles[0] as Uint8Array)
    const verify = (): unknown =>
      verifyPrekeyBundle(crypto, decodePrekeyBundle(buffer), bob.owner.peer.signing)
    expect(codeOf(verify)).toBe('ratchet/wrong-identity')
  })

  it('handshake, claimed identity and frame are used as they were when they came', () => {
    const unverified = decodePrekeyBundle(bob.bundles[1] as Uint8Array)
    const bundle = verifyPrekeyBundle(crypto, unverified, bob.owner.peer.signing)
    const begun = initiateSession(crypto, { ...options, bundle })
    const peer = {
      signing: Uint8Array.from(alice.peer.signing),
      agreement: Uint8Array.from(alice.peer.agreement),
    }
    const buffer = Uint8Array.from(begun.handshake)
    const { owner, prekeys } = bob
    const accepted = acceptSession(crypto, { keys: owner.keys, prekeys, handshake: buffer, peer, now: NOW })
    buffer.fill(0)
    peer.signing.set(mallory.owner.peer.signing)
    peer.agreement.set(mallory.owner.peer.agreement)
    expect(accepted.session.peer).toEqual(alice.peer)
    expect(accepted.initialKey).toEqual(begun.handshake.slice(12, 44))
    const body = Uint8Array.of(1, 2, 3)
    const sent = encryptFrame(crypto, begun.session, { body, size: 128 })
    body.fill(9)
    const frame = Uint8Array.from(sent.frame)
    const opened = decryptFrame(crypto, accepted.session, frame)
    frame.fill(0)
    expect(opened?.body).toEqual(Uint8Array.of(1, 2, 3))
    // The state after it holds nothing of the frame's memory: the answer goes to the ratchet key that came.
    if (opened === null) throw new Error('it must open')
    const answer = encryptFrame(crypto, opened.session, { body: Uint8Array.of(4), size: 128 })
    expect(decryptFrame(crypto, sent.session, answer.frame)?.body).toEqual(Uint8Array.of(4))
  })
})

describe('hostile 18: swapped while a store is waited for', () => {
  it('a handshake is checked for a replay and accepted as it was handed over', async () => {
    const clock = testClock()
    const [bob, carol, dora] = [
      await newNode('bob', clock),
      await newNode('carol', clock),
      await newNode('dora', clock),
    ]
    const replayed = (await begin(carol, bob, await bundleOf(bob, false))).handshake
    await acceptAt(bob, carol, replayed)
    const fresh = (await begin(dora, bob, await bundleOf(bob, false))).handshake
    expect(fresh.length).toBe(replayed.length)
    const swapped = (first: Uint8Array, second: Uint8Array, from: TestNode) => {
      const handshake = Uint8Array.from(first)
      const peer = {
        signing: Uint8Array.from(from.device.peer.signing),
        agreement: Uint8Array.from(from.device.peer.agreement),
      }
      return bob.sessions.transact((tx) => {
        const accepted = bob.sessions.accept(tx, { device: from.name, peer, handshake })
        handshake.set(second)
        peer.signing.set(carol.device.peer.signing)
        peer.agreement.set(carol.device.peer.agreement)
        return accepted
      })
    }
    expect(await refusal(swapped(replayed, fresh, carol))).toBe('ratchet/replayed')
    const { session } = await swapped(fresh, replayed, dora)
    expect(session.peer).toEqual(dora.device.peer)
    expect(await bob.sessions.identity(bob.store, 'dora')).toEqual(dora.device.peer)
  })
})
