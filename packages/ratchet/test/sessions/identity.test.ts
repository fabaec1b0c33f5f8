/** Pinned identities (spec/session.md, "Identity pins"): hostile 18. */
import { describe, expect, it } from 'vitest'
import { initiateSession } from '../../src/index.js'
import { crypto, device, NOW } from '../support.js'
import {
  accept,
  backup,
  begin,
  bundleOf,
  joined,
  newNode,
  opens,
  refusal,
  seal,
  talk,
  testClock,
  unchanged,
} from './support.js'

describe('the identity of a device', () => {
  it('is pinned with its first session, on both sides', async () => {
    const [alice, bob] = await joined(testClock())
    expect(await alice.sessions.identity(alice.store, 'bob')).toEqual(bob.device.peer)
    expect(await bob.sessions.identity(bob.store, 'alice')).toEqual(alice.device.peer)
    expect(await bob.sessions.identity(bob.store, 'carol')).toBeUndefined()
  })

  it('hostile 18: a swap is refused on accepting, and nothing is used up or pinned', async () => {
    const [alice, bob] = await joined(testClock())
    const mallory = await newNode('alice', alice.clock)
    const { handshake } = await begin(mallory, bob, await bundleOf(bob))
    expect(await unchanged(bob, () => refusal(accept(bob, mallory, handshake)))).toBe(
      'ratchet/identity-changed',
    )
    expect(await bob.sessions.identity(bob.store, 'alice')).toEqual(alice.device.peer)
    expect(await talk(bob, alice, 'still')).toBe('still')
    // Nothing was used up: once it is approved, the very handshake works.
    await bob.sessions.transact((tx) => bob.sessions.approveIdentity(tx, 'alice', mallory.device.peer))
    expect((await accept(bob, mallory, handshake)).sends).toBe(true)
  })

  it('hostile 18: a swap is refused on beginning', async () => {
    const [alice, bob] = await joined(testClock())
    const mallory = await newNode('bob', alice.clock)
    const bundle = await bundleOf(mallory)
    expect(await unchanged(alice, () => refusal(begin(alice, mallory, bundle)))).toBe(
      'ratchet/identity-changed',
    )
    expect(await talk(alice, bob, 'still')).toBe('still')
  })

  it('hostile 18: a signing key with another agreement key is another identity', async () => {
    const [alice, bob] = await joined(testClock())
    const bundle = await bundleOf(bob)
    const keys = { signing: alice.device.keys.signing, agreement: crypto.x25519.generate() }
    const { handshake } = initiateSession(crypto, { keys, bundle, now: NOW })
    const peer = { signing: keys.signing.publicKey, agreement: keys.agreement.publicKey }
    const attempt = bob.sessions.transact((tx) =>
      bob.sessions.accept(tx, { device: 'alice', peer, handshake }),
    )
    expect(await refusal(attempt)).toBe('ratchet/identity-changed')
  })

  it('hostile 18: keys swapped in memory between check and use do not get past the pin', async () => {
    const [alice, bob] = await joined(testClock())
    const mallory = await newNode('mallory', alice.clock)
    const bundle = await bundleOf(mallory)
    const { identity } = bundle
    const evil = { signing: identity.signing.slice(), agreement: identity.agreement.slice() }
    const { signing, agreement } = bob.device.peer
    identity.signing.set(signing)
    identity.agreement.set(agreement)
    alice.clock.time += 60 * 60 * 1000
    const begun = alice.sessions.transact(async (tx) => {
      const result = alice.sessions.begin(tx, { device: 'bob', bundle })
      identity.signing.set(evil.signing)
      identity.agreement.set(evil.agreement)
      return result
    })
    expect((await begun).session.peer).toEqual(bob.device.peer)
    const keys = {
      signing: mallory.device.peer.signing.slice(),
      agreement: mallory.device.peer.agreement.slice(),
    }
    const approved = bob.sessions.transact((tx) => {
      const result = bob.sessions.approveIdentity(tx, 'alice', keys)
      keys.agreement.fill(0)
      return result
    })
    await approved
    expect(await bob.sessions.identity(bob.store, 'alice')).toEqual(mallory.device.peer)
  })

  it('once approved, sessions of the old one only receive', async () => {
    const [alice, bob] = await joined(testClock())
    const late = [
      await seal(alice, bob, 'late'),
      await seal(alice, bob, 'later'),
      await seal(alice, bob, 'latest'),
    ]
    const other = await newNode('alice', alice.clock)
    await bob.sessions.transact((tx) => bob.sessions.approveIdentity(tx, 'alice', other.device.peer))
    expect(await refusal(seal(bob, alice, 'x'))).toBe('ratchet/no-session')
    for (const { frame } of late) expect(await opens(bob, frame)).not.toBeNull()
    expect(await refusal(seal(bob, alice, 'x'))).toBe('ratchet/no-session')
    expect(await bob.sessions.need(bob.store, 'alice')).toMatchObject({ reason: 'closed' })
    const begun = await begin(bob, other, await bundleOf(other))
    await accept(other, bob, begun.handshake)
    expect(await talk(bob, other, 'new')).toBe('new')
  })

  it('refuses to approve keys that no honest device has, or our own', async () => {
    const [alice, bob] = await joined(testClock())
    const approve = (keys: { signing: Uint8Array; agreement: Uint8Array }): Promise<string> =>
      refusal(bob.sessions.transact((tx) => bob.sessions.approveIdentity(tx, 'alice', keys)))
    expect(await approve({ ...alice.device.peer, agreement: new Uint8Array(32) })).toBe('ratchet/bad-key')
    expect(await approve(bob.device.peer)).toBe('ratchet/own-identity')
  })

  it('a forged handshake saves no identity and uses up no prekey', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const { handshake } = await begin(alice, bob, await bundleOf(bob))
    for (let at = 0; at < handshake.length; at++) {
      const forged = Uint8Array.from(handshake)
      forged[at] = (forged[at] as number) ^ 1
      expect(await refusal(accept(bob, alice, forged))).toMatch(/^ratchet\//)
    }
    const stranger = { ...alice, device: device() }
    expect(await refusal(accept(bob, stranger, handshake))).toBe('ratchet/handshake-rejected')
    expect(await bob.sessions.identity(bob.store, 'alice')).toBeUndefined()
    expect((await bob.sessions.prekeys(bob.store)).oneTime).toBe(1)
    expect((await accept(bob, alice, handshake)).firstContact).toBe(true)
    expect((await bob.sessions.prekeys(bob.store)).oneTime).toBe(0)
  })

  it('forgotten with its sessions, may be another the next time', async () => {
    const [alice, bob] = await joined(testClock())
    const dropped = await bob.sessions.transact((tx) => bob.sessions.forget(tx, 'alice'))
    expect(dropped).toHaveLength(1)
    expect((await backup(bob)).length).toBeGreaterThan(0)
    expect(await opens(bob, (await seal(alice, bob, 'x')).frame)).toBeNull()
    expect(await bob.sessions.identity(bob.store, 'alice')).toBeUndefined()
  })
})
