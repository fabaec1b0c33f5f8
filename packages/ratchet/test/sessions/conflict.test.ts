/** Two processes on one store (spec/session.md, "Generations"). */
import { describe, expect, it } from 'vitest'
import { coreOf, type SessionState } from '../../src/session.js'
import { isSessionsFault, openSessions } from '../../src/sessions.js'
import {
  accept,
  backup,
  begin,
  bundleOf,
  joined,
  newNode,
  open,
  opens,
  refusal,
  seal,
  type TestNode,
  talk,
  testClock,
} from './support.js'

/** A second process: the same store and device, an instance of its own. */
async function twin(node: TestNode): Promise<TestNode> {
  return { ...node, sessions: await openSessions({ ...node.options, store: node.store }) }
}

/** Which message key a session has just sealed with. */
function keyUsed(session: SessionState): string {
  const { sending } = coreOf(session)
  if (sending.kind !== 'ready') throw new Error('it has just sent')
  return `${Buffer.from(sending.ratchetPublic).toString('hex')} ${sending.n}`
}

describe('two instances on one store', () => {
  it('hostile 34: the second to write finds a conflict, writes nothing, and goes on after a reload', async () => {
    const [alice, bob] = await joined(testClock())
    const other = await twin(alice)
    expect(await talk(alice, bob, 'one')).toBe('one')
    const before = JSON.stringify(await backup(alice))
    expect(await refusal(seal(other, bob, 'two'))).toBe('ratchet/conflict')
    expect(JSON.stringify(await backup(alice))).toBe(before)
    await other.sessions.reload()
    expect(await talk(other, bob, 'three')).toBe('three')
    expect(await refusal(seal(alice, bob, 'four'))).toBe('ratchet/conflict')
  })

  it('a conflict is a fault of this device and may be tried again', async () => {
    const [alice, bob] = await joined(testClock())
    const other = await twin(alice)
    await seal(alice, bob, 'one')
    const error = await seal(other, bob, 'two').catch((caught: unknown) => caught)
    expect(isSessionsFault(error)).toBe(true)
    expect(error).toMatchObject({ retryable: true })
  })

  it('whatever the caller wrote in the transaction is undone with it', async () => {
    const [alice, bob] = await joined(testClock())
    const other = await twin(alice)
    await seal(alice, bob, 'one')
    const attempt = other.sessions.transact(async (tx) => {
      tx.put(['outbox', 1], Uint8Array.of(1))
      await other.sessions.encrypt(tx, 'bob', { body: Buffer.from('two'), size: 128 })
    })
    expect(await refusal(attempt)).toBe('ratchet/conflict')
    expect(await alice.store.get(['outbox', 1])).toBeUndefined()
  })

  it('hostile 34: of 100 parallel encryptions each, no two use one key, and every frame opens once', async () => {
    const [alice, bob] = await joined(testClock())
    const other = await twin(alice)
    const attempts = [alice, other].flatMap((node) =>
      Array.from({ length: 100 }, (_, i) => seal(node, bob, `${i}`)),
    )
    const results = await Promise.allSettled(attempts)
    const sealed = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(sealed).toHaveLength(100)
    for (const reason of refused) expect(reason).toMatchObject({ code: 'ratchet/conflict' })
    expect(new Set(sealed.map(({ session }) => keyUsed(session))).size).toBe(100)
    for (const { frame } of sealed) expect(await open(bob, frame)).not.toBeNull()
  })

  it('hostile 34: of 100 parallel decryptions each, no frame opens twice', async () => {
    const [alice, bob] = await joined(testClock())
    const frames: Uint8Array[] = []
    for (let i = 0; i < 100; i++) frames.push((await seal(alice, bob, `${i}`)).frame)
    const other = await twin(bob)
    const results = await Promise.allSettled(
      [bob, other].flatMap((node) => frames.map((frame) => opens(node, frame))),
    )
    const texts = results.flatMap((one) =>
      one.status === 'fulfilled' && one.value !== null ? [one.value] : [],
    )
    expect(texts.sort()).toEqual(frames.map((_, i) => `${i}`).sort())
    for (const one of results)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'ratchet/conflict' })
  })

  it('hostile 16: two that accept one handshake at a time make one session', async () => {
    const clock = testClock()
    const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
    const { handshake } = await begin(alice, bob, await bundleOf(bob))
    const other = await twin(bob)
    const results = await Promise.allSettled(
      [bob, other, bob, other].map((node) => accept(node, alice, handshake)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await bob.sessions.list(bob.store, 'alice')).toHaveLength(1)
  })
})

describe('100 in parallel on one instance', () => {
  it('encrypt and decrypt without a conflict and without one key twice', async () => {
    const [alice, bob] = await joined(testClock())
    const sealed = await Promise.all(Array.from({ length: 100 }, (_, i) => seal(alice, bob, `${i}`)))
    expect(new Set(sealed.map(({ session }) => keyUsed(session))).size).toBe(100)
    const texts = await Promise.all(sealed.map(({ frame }) => opens(bob, frame)))
    expect(texts).toEqual(sealed.map((_, i) => `${i}`))
  })

  it('a transaction belongs to the instance that opened it', async () => {
    const [alice] = await joined(testClock())
    const other = await twin(alice)
    const crossed = alice.sessions.transact((tx) =>
      other.sessions.encrypt(tx, 'bob', { body: Buffer.from('x'), size: 128 }),
    )
    expect(await refusal(crossed)).toBe('ratchet/bad-argument')
  })
})
