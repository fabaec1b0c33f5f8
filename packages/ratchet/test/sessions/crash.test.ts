/** Killed at every call of the store, before and after each commit (spec/session.md, "One transaction"): hostile 30, 32. */
import { isHyphaeError, type Store } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { countingStore, failingStore } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { openSessions } from '../../src/sessions.js'
import {
  HOUR,
  memoryWitness,
  newNode,
  restart,
  sending,
  type TestNode,
  testClock,
  verified,
} from './support.js'

type Mail = { readonly handshake: Uint8Array } | { readonly frame: Uint8Array }

/** The program around a node: what it sends and shows is in the same store, in the same transactions. */
interface Program {
  readonly node: TestNode
  /** Mails of the other that it has acknowledged. */
  acknowledged: number
}

const HANDSHAKE = 1
const FRAME = 2

async function outbox(node: TestNode): Promise<Mail[]> {
  const entries = await memoryStore({ engine: node.engine }).list(['outbox'])
  return entries.map(({ value }) => {
    const bytes = value.slice(1)
    return value[0] === HANDSHAKE ? { handshake: bytes } : { frame: bytes }
  })
}

async function shown(node: TestNode): Promise<string[]> {
  const entries = await memoryStore({ engine: node.engine }).list(['log'])
  return entries.map(({ value }) => Buffer.from(value).toString())
}

/** Seals message `number`, unless that is done; with a new session first when one is wanted. */
async function say(from: Program, to: Program, number: number): Promise<void> {
  const { sessions, store } = from.node
  const need = await sessions.need(store, to.node.name)
  const bundle = need.kind === 'session' ? await publish(to) : null
  await sessions.transact(async (tx) => {
    if ((await tx.get(['said', number])) !== undefined) return
    const place = (await tx.list(['outbox'])).length
    let next = place
    if (bundle !== null) {
      const begun = await sessions.begin(tx, { device: to.node.name, bundle })
      tx.put(['outbox', next++], Uint8Array.of(HANDSHAKE, ...begun.handshake))
    }
    const body = Buffer.from(`${from.node.name} ${number}`)
    const { frame } = await sessions.encrypt(tx, to.node.name, { body, size: 128 })
    tx.put(['outbox', next], Uint8Array.of(FRAME, ...frame))
    tx.put(['said', number], Uint8Array.of(1))
  })
}

/** What a directory has: the newest bundle that became durable. */
async function publish(of: Program): Promise<ReturnType<typeof verified>> {
  const stored = await memoryStore({ engine: of.node.engine }).get(['published'])
  return verified(of.node, stored as Uint8Array)
}

async function upkeep({ node }: Program): Promise<void> {
  await node.sessions.transact(async (tx) => {
    const { bundles } = await node.sessions.issuePrekeys(tx, 1)
    tx.put(['published'], bundles[0] as Uint8Array)
  })
}

/** Reads what the other has sent since the last acknowledgement, each in one transaction. */
async function hear(at: Program, from: Program): Promise<void> {
  const { sessions } = at.node
  for (const mail of (await outbox(from.node)).slice(at.acknowledged)) {
    await sessions
      .transact(async (tx) => {
        if ('handshake' in mail) {
          const input = { device: from.node.name, peer: from.node.device.peer, handshake: mail.handshake }
          await sessions.accept(tx, input)
          return
        }
        const opened = await sessions.decrypt(tx, { device: from.node.name, frame: mail.frame })
        if (opened !== null) tx.put(['log', (await tx.list(['log'])).length], opened.body)
      })
      .catch((error) => {
        // It was durable before the process died: the carrier brings it again, and it is done with.
        if (!isHyphaeError(error, 'ratchet/prekey-used')) throw error
      })
    at.acknowledged += 1
  }
}

/** Runs a step until it succeeds; a process that died starts again on what is durable. */
async function insist(program: Program, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!isHyphaeError(error, 'testkit/injected') && !String(error).includes('killed')) throw error
    await restart(program.node)
    await step()
  }
}

type Fault = (store: Store) => Store

/** A conversation in which sessions begin, cross, are renewed and prekeys made; the fault is in one of the nodes. */
async function play(faulty: 'alice' | 'bob', fault: Fault): Promise<Program[]> {
  const clock = testClock()
  const programs: Record<'alice' | 'bob', Program> = {
    alice: { node: await newNode('alice', clock, { witness: memoryWitness() }), acknowledged: 0 },
    bob: { node: await newNode('bob', clock, { witness: memoryWitness() }), acknowledged: 0 },
  }
  const { alice, bob } = programs
  await upkeep(alice)
  await upkeep(bob)
  const { node } = programs[faulty]
  node.store = fault(node.store)
  await insist(programs[faulty], async () => {
    node.sessions = await openSessions({ ...node.options, store: node.store })
  })
  await insist(alice, () => say(alice, bob, 0))
  await insist(bob, () => say(bob, alice, 0))
  await insist(bob, () => hear(bob, alice))
  await insist(alice, () => hear(alice, bob))
  await insist(bob, () => upkeep(bob))
  await insist(bob, () => say(bob, alice, 1))
  for (const number of [1, 2]) await insist(alice, () => say(alice, bob, number))
  clock.time += 2 * HOUR
  await insist(alice, () => say(alice, bob, 3))
  await insist(bob, () => hear(bob, alice))
  for (const round of [0, 1, 2]) {
    await insist(bob, () => say(bob, alice, 2 + round))
    await insist(alice, () => hear(alice, bob))
    await insist(alice, () => say(alice, bob, 4 + round))
    await insist(bob, () => hear(bob, alice))
  }
  return [alice, bob]
}

const texts = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name} ${i}`)

async function check([alice, bob]: Program[]): Promise<void> {
  if (alice === undefined || bob === undefined) throw new Error('two are needed')
  for (const { node } of [alice, bob]) await restart(node)
  expect((await shown(bob.node)).sort()).toEqual(texts('alice', 7))
  expect((await shown(alice.node)).sort()).toEqual(texts('bob', 5))
  expect(await sending(alice.node, bob.node)).toBe(await sending(bob.node, alice.node))
  for (const { node } of [alice, bob]) {
    const tags = (await outbox(node)).flatMap((mail) =>
      'frame' in mail ? [hex(mail.frame.subarray(2, 16))] : [],
    )
    expect(new Set(tags).size).toBe(tags.length)
    expect(node.sessions.status()).toBe('ready')
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Dies after the k-th commit, before anyone learns of it. */
function killedAfter(inner: Store, commit: number): Store {
  let commits = 0
  return {
    ...inner,
    transact: async (work) => {
      const result = await inner.transact(work)
      commits += 1
      if (commits === commit) throw new Error('killed')
      return result
    },
  }
}

async function operationsOf(faulty: 'alice' | 'bob'): Promise<{ all: number; commits: number }> {
  let counts: ReturnType<typeof countingStore>['counts'] | undefined
  const programs = await play(faulty, (store) => {
    const counting = countingStore(store)
    counts = counting.counts
    return counting.store
  })
  const { gets, lists, puts, deletes, transactions } = counts?.() ?? {}
  await check(programs)
  const all = [gets, lists, puts, deletes, transactions].reduce<number>((sum, one) => sum + (one ?? 0), 0)
  return { all, commits: transactions ?? 0 }
}

describe.each(['alice', 'bob'] as const)('a process that dies at %s', (faulty) => {
  it('hostile 30, 32: at any call of its store loses nothing and shows nothing twice', async () => {
    const { all } = await operationsOf(faulty)
    expect(all).toBeGreaterThan(80)
    for (let failAt = 1; failAt <= all; failAt++) {
      await check(await play(faulty, (store) => failingStore(store, { failAt })))
    }
  })

  it('hostile 30: after any commit, before it is known, loses nothing and shows nothing twice', async () => {
    const { commits } = await operationsOf(faulty)
    expect(commits).toBeGreaterThan(6)
    for (let commit = 1; commit <= commits; commit++) {
      await check(await play(faulty, (store) => killedAfter(store, commit)))
    }
  })
})

it('hostile 32: a store that fails for a while leaves a running instance as it was', async () => {
  const clock = testClock()
  const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
  const programs = [alice, bob].map((node): Program => ({ node, acknowledged: 0 })) as [Program, Program]
  await upkeep(programs[1])
  await say(programs[0], programs[1], 0)
  const healthy = alice.store
  alice.store = failingStore(healthy, { failAt: 6, times: 40 })
  alice.sessions = await openSessions({ ...alice.options, store: alice.store })
  let failures = 0
  for (let number = 1; number <= 4; ) {
    try {
      await say(programs[0], programs[1], number)
      number += 1
    } catch (error) {
      if (!isHyphaeError(error, 'testkit/injected')) throw error
      failures += 1
    }
  }
  expect(failures).toBeGreaterThan(5)
  await hear(programs[1], programs[0])
  expect(await shown(bob)).toEqual(texts('alice', 5))
})
