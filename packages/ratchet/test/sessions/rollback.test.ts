/** Stores that go back in time (spec/session.md, "Rollback"): hostile 31. */
import { describe, expect, it } from 'vitest'
import { isSessionsFault, openSessions } from '../../src/sessions.js'
import {
  accept,
  backup,
  begin,
  bundleOf,
  joined,
  type MemoryWitness,
  memoryWitness,
  newNode,
  opens,
  refusal,
  restart,
  restore,
  seal,
  sending,
  type TestNode,
  talk,
  testClock,
  unchanged,
  verified,
} from './support.js'

const witnessed = (): { witness: MemoryWitness } => ({ witness: memoryWitness() })
const witnessOf = (node: TestNode): MemoryWitness => node.options.witness as MemoryWitness

describe('a store that was put back', () => {
  it('hostile 31: is found out at once, and nothing is sealed, accepted or issued', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    const old = await backup(alice)
    await seal(alice, bob, 'one')
    await restore(alice, old)
    expect(alice.sessions.status()).toBe('rolled-back')
    expect(await unchanged(alice, () => refusal(seal(alice, bob, 'two')))).toBe('ratchet/rolled-back')
    expect(await unchanged(alice, () => refusal(bundleOf(alice)))).toBe('ratchet/rolled-back')
    expect(await alice.sessions.need(alice.store, 'bob')).toMatchObject({ reason: 'closed', canSend: false })
    expect(await sending(alice, bob)).toBeUndefined()
  })

  it('hostile 31: is found out by a transaction of the caller’s own rows, where that is counted', async () => {
    for (const counted of [true, false]) {
      const [alice] = await joined(testClock(), witnessed)
      const old = await backup(alice)
      await alice.sessions.transact(async (tx) => {
        tx.put(['own'], Uint8Array.of(1))
        if (counted) await alice.sessions.count(tx)
      })
      await restore(alice, old)
      expect(alice.sessions.status()).toBe(counted ? 'rolled-back' : 'ready')
    }
  })

  it('hostile 31: after recovery old sessions only receive, and a new one is begun at once', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    expect(await talk(alice, bob, 'zero')).toBe('zero')
    const waiting = (await seal(bob, alice, 'waiting')).frame
    const old = await backup(alice)
    await seal(alice, bob, 'one')
    await restore(alice, old)
    expect(await alice.sessions.recover()).toEqual({ lost: 1 })
    expect(alice.sessions.status()).toBe('ready')
    expect(await refusal(seal(alice, bob, 'two'))).toBe('ratchet/no-session')
    expect(await opens(alice, waiting)).toBe('waiting')
    // Heard in the old session, twice and more: it does not send again.
    for (let i = 0; i < 3; i++) expect(await talk(bob, alice, `again ${i}`)).toBe(`again ${i}`)
    expect(await refusal(seal(alice, bob, 'two'))).toBe('ratchet/no-session')
    const begun = await begin(alice, bob, await bundleOf(bob))
    expect((await accept(bob, alice, begun.handshake)).sends).toBe(true)
    expect(await talk(alice, bob, 'three')).toBe('three')
    expect(await talk(bob, alice, 'four')).toBe('four')
    await restart(alice)
    expect(alice.sessions.status()).toBe('ready')
    expect(await sending(alice, bob)).toBe(begun.sessionId)
  })

  it('hostile 16, 31: prekeys of before are gone, so a handshake that was accepted once is not again', async () => {
    const clock = testClock()
    const [alice, bob] = [
      await newNode('alice', clock, witnessed()),
      await newNode('bob', clock, witnessed()),
    ]
    const bundles = [await bundleOf(bob), await bundleOf(bob, false)]
    const before = await bob.sessions.prekeys(bob.store)
    const old = await backup(bob)
    const first = await begin(alice, bob, bundles[0] as (typeof bundles)[0])
    await accept(bob, alice, first.handshake)
    clock.time += 24 * 60 * 60 * 1000
    const second = await begin(alice, bob, bundles[1] as (typeof bundles)[0])
    await accept(bob, alice, second.handshake)
    await restore(bob, old)
    await bob.sessions.recover()
    for (const { handshake } of [first, second]) {
      expect(await refusal(accept(bob, alice, handshake))).toBe('ratchet/prekey-expired')
    }
    const after = await bob.sessions.prekeys(bob.store)
    expect(after.oneTime).toBe(0)
    // Past every id that the lost generations can have given out.
    expect(after.signedPrekeyId).toBeGreaterThanOrEqual(before.signedPrekeyId + 2 * 512)
    expect((await begin(alice, bob, await bundleOf(bob)).catch((error) => error)).code).toBe(
      'ratchet/too-soon',
    )
  })

  it('hostile 31: a copy on another machine, without the witness, is not taken for the original', async () => {
    const [alice] = await joined(testClock(), witnessed)
    witnessOf(alice).value = undefined
    await restart(alice)
    expect(alice.sessions.status()).toBe('rolled-back')
  })

  it('hostile 31: an emptied store beside a witness is one that went back', async () => {
    const [, bob] = await joined(testClock(), witnessed)
    const { signedPrekeyId } = await bob.sessions.prekeys(bob.store)
    await restore(bob, [])
    expect(bob.sessions.status()).toBe('rolled-back')
    await bob.sessions.recover()
    expect((await bob.sessions.prekeys(bob.store)).signedPrekeyId).toBeGreaterThan(signedPrekeyId + 1)
  })

  it('hostile 31: it is found out while the process runs, without any witness', async () => {
    const [alice, bob] = await joined(testClock())
    const old = await backup(alice)
    const now = await backup(alice)
    await seal(alice, bob, 'one')
    const keep = new Set(old.map(({ key }) => Buffer.from(key).toString('hex')))
    const gone = now.filter(({ key }) => !keep.has(Buffer.from(key).toString('hex')))
    await alice.engine.write([...gone.map(({ key }) => ({ key, value: undefined })), ...old])
    expect(await refusal(seal(alice, bob, 'two'))).toBe('ratchet/rolled-back')
    expect(alice.sessions.status()).toBe('rolled-back')
    await alice.sessions.recover()
    expect(await refusal(seal(alice, bob, 'two'))).toBe('ratchet/no-session')
  })

  it('hostile 31: what a device seals from an old state all the same, its peer sees as a fork and refuses', async () => {
    const [alice, bob] = await joined(testClock())
    expect(await talk(alice, bob, 'zero')).toBe('zero')
    const old = await backup(alice)
    const first = await seal(alice, bob, 'one')
    await restore(alice, old)
    const second = await seal(alice, bob, 'two')
    expect(Buffer.from(second.frame.subarray(0, 56))).toEqual(Buffer.from(first.frame.subarray(0, 56)))
    expect(second.frame).not.toEqual(first.frame)
    expect(await opens(bob, first.frame)).toBe('one')
    expect(await unchanged(bob, () => opens(bob, second.frame))).toBeNull()
  })
})

describe('the witness', () => {
  it('knows of a commit before anything of it is handed out', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    const seen: (number | undefined)[] = []
    const before = witnessOf(alice).value as number
    await alice.sessions.transact(async (tx) => {
      tx.after(() => seen.push(witnessOf(alice).value))
      await alice.sessions.encrypt(tx, 'bob', { body: Buffer.from('x'), size: 128 })
      seen.push(witnessOf(alice).value)
    })
    expect(seen).toEqual([before, before + 1])
    expect(bob.sessions.status()).toBe('ready')
  })

  it('that is late by a crash between commit and advance is no rollback', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    const value = witnessOf(alice).value as number
    await seal(alice, bob, 'one')
    witnessOf(alice).value = value
    await restart(alice)
    expect(alice.sessions.status()).toBe('ready')
    expect(await talk(alice, bob, 'two')).toBe('two')
  })

  it('that fails holds back what was committed, and everything after it until it answers', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    witnessOf(alice).broken = true
    const effects: string[] = []
    const attempt = alice.sessions.transact(async (tx) => {
      tx.after(() => effects.push('left'))
      const { frame } = await alice.sessions.encrypt(tx, 'bob', { body: Buffer.from('one'), size: 128 })
      tx.put(['outbox', 1], frame)
    })
    const error = await attempt.catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'ratchet/witness-failed', retryable: true })
    expect(isSessionsFault(error)).toBe(true)
    expect(effects).toEqual([])
    const frame = (await alice.store.get(['outbox', 1])) as Uint8Array
    expect(await unchanged(alice, () => refusal(seal(alice, bob, 'two')))).toBe('ratchet/witness-failed')
    witnessOf(alice).broken = false
    expect(await talk(alice, bob, 'three')).toBe('three')
    expect(await opens(bob, frame)).toBe('one')
  })

  it('is asked once for many commits at a time', async () => {
    const [alice, bob] = await joined(testClock(), witnessed)
    const witness = witnessOf(alice)
    const { advance, writes } = witness
    witness.advance = async (generation) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      await advance(generation)
    }
    await Promise.all(Array.from({ length: 100 }, (_, i) => seal(alice, bob, `${i}`)))
    expect(witness.writes - writes).toBeLessThan(20)
    const { generation } = await alice.sessions.transact(async () => ({ generation: witnessOf(alice).value }))
    await restart(alice)
    expect(alice.sessions.status()).toBe('ready')
    expect(witnessOf(alice).value).toBe(generation)
  })

  it('is needed to open a store that had one', async () => {
    const [alice] = await joined(testClock(), witnessed)
    const { witness, ...without } = alice.options
    expect(witness).toBeDefined()
    expect(await refusal(openSessions({ ...without, store: alice.store }))).toBe('ratchet/witness-failed')
  })

  it('that cannot be read opens nothing', async () => {
    const [alice] = await joined(testClock(), witnessed)
    const witness = { ...witnessOf(alice), read: () => Promise.reject(new Error('no answer')) }
    const attempt = openSessions({ ...alice.options, witness, store: alice.store })
    expect(await refusal(attempt)).toBe('ratchet/witness-failed')
  })

  it('added to a store that had none begins where the store is', async () => {
    const [alice, bob] = await joined(testClock())
    const witness = memoryWitness()
    const sessions = await openSessions({ ...alice.options, witness, store: alice.store })
    expect(sessions.status()).toBe('ready')
    const node: TestNode = { ...alice, options: { ...alice.options, witness }, sessions }
    const old = await backup(node)
    expect(await talk(node, bob, 'one')).toBe('one')
    await restore(node, old)
    expect(node.sessions.status()).toBe('rolled-back')
  })
})

it('a bundle that was published before a recovery leads nowhere, and one made after it does', async () => {
  const clock = testClock()
  const [alice, bob] = [await newNode('alice', clock, witnessed()), await newNode('bob', clock, witnessed())]
  const stale = await bundleOf(bob)
  const old = await backup(bob)
  await bundleOf(bob)
  await restore(bob, old)
  await bob.sessions.recover()
  const lost = await begin(alice, bob, stale)
  expect(await refusal(accept(bob, alice, lost.handshake))).toBe('ratchet/prekey-expired')
  clock.time += 60 * 60 * 1000
  const issued = await bob.sessions.transact((tx) => bob.sessions.issuePrekeys(tx, 1))
  const begun = await begin(alice, bob, verified(bob, issued.bundles[0] as Uint8Array))
  await accept(bob, alice, begun.handshake)
  expect(await talk(alice, bob, 'one')).toBe('one')
})
