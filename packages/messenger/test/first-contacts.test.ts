/** A strict node meets people by the crowd their record lies in (spec/privacy.md section 7). */
import { type Directory, type DirectoryBuckets, silentLogger, type Transport, toHex } from '@hyphae/core'
import { createNodeCrypto, defaultCrypto } from '@hyphae/crypto'
import {
  accountFromSeed,
  accountKey,
  decodeDeviceKeys,
  directoryAddress,
  newestIdentityRecord,
  sealIdentityRecord,
  signIdentityRecord,
} from '@hyphae/identity'
import { decodePrekeyBundle } from '@hyphae/ratchet'
import { memoryStore } from '@hyphae/store'
import { type NodeLife, simulatedNetwork, simulatedRelay, simulation } from '@hyphae/testkit'
import { describe, expect, it } from 'vitest'
import { createMessenger, type Messenger } from '../src/index.js'
import { HOME_BITS, LOOKUP_BITS, MAX_LOOKUP_PARTS } from '../src/limits.js'
import { selfTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import { collectEvents, next, openNode, survivingStore, until } from './nodes.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const slow = fastClock(2_000)
const strict = { mode: 'strict', cover: 'off', clock: slow } as const

/** What a directory is asked, by the names of its calls. */
function spied(
  transport: Transport,
  asked: string[],
  changes: (directory: Directory) => Partial<Directory> = () => ({}),
): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const there = carrier.directory
    if (there?.buckets === undefined) throw new Error('it has a directory with buckets')
    const directory = { ...there, ...changes(there) }
    const buckets = directory.buckets as DirectoryBuckets
    const noted: Directory = {
      ...directory,
      buckets: {
        bits: (options) => buckets.bits(options),
        fetch: (bucket, options) => {
          asked.push(`bucket of ${bucket.bits}`)
          return buckets.fetch(bucket, options)
        },
      },
      lookup: (address, options) => {
        asked.push('lookup')
        return directory.lookup(address, options)
      },
      take: (writer, kind, options) => {
        asked.push(`take ${kind}`)
        return directory.take(writer, kind, options)
      },
    }
    return { ...carrier, directory: noted }
  }
}

async function say(from: Messenger, to: Messenger, text: string): Promise<void> {
  await (await from.conversation(to.id)).send(text)
  expect((await next(to)).text).toBe(text)
}

/** The bundles in the record that a network has of a node. */
async function bundlesOf(transport: Transport, { id }: Messenger): Promise<readonly Uint8Array[]> {
  const carrier = await transport({ clock: slow, logger: silentLogger })
  const found = await carrier.directory?.lookup(directoryAddress(defaultCrypto, accountKey(id)))
  return newestIdentityRecord(defaultCrypto, accountKey(id), found ?? [])?.bundles ?? []
}

describe('a strict node that meets somebody', () => {
  it('asks a relay for nobody by name in a day of meeting and talking', async () => {
    const sim = simulation({ seed: 11 })
    const network = simulatedNetwork(sim, { conditions: { delayMs: [10, 200] } })
    const second = simulatedRelay(network, 'second')
    const entry = simulatedRelay(network, 'entry')
    const ids = new Map<string, Messenger['id']>()
    const shown: string[] = []
    const node = async (life: NodeLife): Promise<void> => {
      const messenger = await createMessenger({
        transports: [second.transport(life, { via: entry })],
        store: life.disk,
        clock: life.clock,
        crypto: createNodeCrypto({ rng: life.rng }),
        mode: 'strict',
        cover: 'low',
      })
      ids.set(life.name, messenger.id)
      life.spawn('meets', async () => {
        for (const other of ['a', 'b', 'c']) {
          await life.clock.sleep(2 * HOUR_MS)
          const id = ids.get(other)
          if (id === undefined || other === life.name) continue
          await (await messenger.conversation(id)).send(`${life.name} to ${other}`)
        }
      })
      for await (const { text } of messenger.messages()) if (text !== undefined) shown.push(text)
    }
    for (const name of ['a', 'b', 'c']) sim.node(name, node).boot()
    const result = await sim.run({ forMs: DAY_MS })
    expect(result.failure).toBeUndefined()
    expect(shown.length).toBe(6)
    const sightings = network.observations.sightings('second')
    const kinds = [...new Set(sightings.map(({ action }) => action))].sort()
    // Everything that was asked in the whole day: what is stored or counted by name is the asker's own.
    expect(kinds).toEqual(['bucket', 'publish', 'put', 'records', 'remaining', 'stock'])
    const subjects = (action: string): Set<string> =>
      new Set(sightings.flatMap((one) => (one.action === action ? [one.subject] : [])))
    for (const action of ['publish', 'stock', 'remaining']) expect(subjects(action).size).toBe(3)
    expect(subjects('records')).toEqual(new Set(['00000000']))
  }, 60_000)

  it('begins sessions and replaces dead ones with what stands in the record', async () => {
    const net = crowdNetwork(0)
    const asked: string[] = []
    const bob = await openNode(net.transport(), strict)
    const alice = await openNode(spied(net.transport(), asked), strict)
    expect(alice.privacy.firstContacts).toBe('buckets')
    const sessions = collectEvents(alice, 'session')
    await say(alice, bob, 'hello')
    await say(bob, alice, 'hello to you')
    expect(sessions).toMatchObject([{ by: 'self', oneTimePrekey: false }])
    // Nobody answers for three days: the session is replaced, with a record that is fetched anew.
    await bob.close()
    const chat = await alice.conversation(bob.id)
    await chat.send('are you there')
    slow.forward(3 * DAY_MS)
    asked.length = 0
    await chat.send('are you')
    await until(() => sessions.length > 1)
    expect(sessions[1]).toMatchObject({ by: 'self', oneTimePrekey: false })
    expect(new Set(asked)).toEqual(new Set(['bucket of 0']))
  })

  it('hostile 15: needs no stock, so nobody can keep it away by taking prekeys', async () => {
    const net = crowdNetwork(0)
    const asked: string[] = []
    const nothing = (): Partial<Directory> => ({ take: async () => undefined })
    const bob = await openNode(net.transport(), strict)
    const alice = await openNode(spied(net.transport(), asked, nothing), strict)
    await say(alice, bob, 'hello')
    // Others carry one too, for strict nodes that meet them.
    const standard = await openNode(net.transport(), { clock: slow })
    expect(await bundlesOf(net.transport(), standard)).toHaveLength(1)
    await (await alice.conversation(standard.id)).send('to somebody in standard mode')
    expect(asked.filter((one) => !one.startsWith('bucket'))).toEqual([])
  })

  it('says that it cannot begin where the record has no bundle, and asks for none by name', async () => {
    const net = crowdNetwork(0)
    const asked: string[] = []
    const thin = await openNode(net.transport(), { mode: 'thin', clock: slow })
    const requiring = await openNode(net.transport(), { requireOneTimePrekeys: true, clock: slow })
    const alice = await openNode(spied(net.transport(), asked), strict)
    for (const other of [thin, requiring]) {
      expect(await bundlesOf(net.transport(), other)).toEqual([])
      const chat = await alice.conversation(other.id)
      await expect(chat.send('hello')).rejects.toMatchObject({
        code: 'messenger/no-prekeys',
        retryable: true,
        details: { in: 'record' },
      })
      expect(await chat.history()).toEqual([])
    }
    expect(asked.filter((one) => !one.startsWith('bucket'))).toEqual([])
    // They can begin with it.
    await say(thin, alice, 'then I do')
    await (await alice.conversation(thin.id)).send('and then so can I')
  })

  it('claims one-time prekeys by name where they are required, and says so', async () => {
    const net = crowdNetwork(0)
    const asked: string[] = []
    const bob = await openNode(net.transport(), { ...strict, requireOneTimePrekeys: true })
    const alice = await openNode(spied(net.transport(), asked), { ...strict, requireOneTimePrekeys: true })
    expect(alice.privacy).toMatchObject({ mode: 'strict', firstContacts: 'name' })
    const sessions = collectEvents(alice, 'session')
    await say(alice, bob, 'hello')
    expect(sessions).toMatchObject([{ by: 'self', oneTimePrekey: true }])
    expect(asked).toContain('take 1')
    expect(asked).not.toContain('lookup')
    const other = await openNode(net.transport(), { clock: slow })
    expect(other.privacy.firstContacts).toBe('name')
  })

  it('hostile 37: a directory that claims to be huge, or has no end, gets no smaller crowd and no endless reader', async () => {
    const net = crowdNetwork(0)
    const asked: string[] = []
    const claims = (bits: number, fetch?: DirectoryBuckets['fetch']) => (directory: Directory) => {
      const buckets = directory.buckets as DirectoryBuckets
      return { buckets: { bits: async () => bits, fetch: fetch ?? buckets.fetch.bind(buckets) } }
    }
    const bob = await openNode(net.transport(), strict)
    const huge = await openNode(spied(net.transport(), asked, claims(24)), strict)
    await say(huge, bob, 'in one of 32')
    const larger = await openNode(spied(net.transport(), asked, claims(LOOKUP_BITS + 2)), strict)
    await say(larger, bob, 'in one of 4')
    expect(new Set(asked)).toEqual(new Set([`bucket of ${HOME_BITS}`, 'bucket of 2']))
    asked.length = 0
    const endless = claims(0, async () => ({ records: [], next: Uint8Array.of(1) }))
    const carol = await openNode(spied(net.transport(), asked, endless), strict)
    await expect(carol.conversation(bob.id)).rejects.toMatchObject({ code: 'messenger/unknown-account' })
    expect(asked.length).toBeLessThanOrEqual(4 * MAX_LOOKUP_PARTS)
  })

  it('is refused by a directory that has no buckets, and asks one by name neither that only says so later', async () => {
    const net = crowdNetwork(0)
    const without: Transport = async (components) => {
      const carrier = await net.transport()(components)
      const { buckets: _, ...directory } = carrier.directory as Directory
      return { ...carrier, directory }
    }
    await expect(openNode(without, strict)).rejects.toMatchObject({
      code: 'messenger/not-private',
      details: { needs: 'directory buckets' },
    })
    const asked: string[] = []
    const older = (): Partial<Directory> => ({
      buckets: { bits: async () => undefined, fetch: () => Promise.reject(new Error('never asked')) },
    })
    const bob = await openNode(net.transport(), strict)
    const alice = await openNode(spied(net.transport(), asked, older), strict)
    await expect(alice.conversation(bob.id)).rejects.toMatchObject({ code: 'messenger/not-private' })
    expect(asked).toEqual([])
    // It has published, and can be met.
    await say(bob, alice, 'hello')
  })
})

describe('the record of a node', () => {
  it('carries the bundle of its present signed prekey, and one that was replaced twice still works', async () => {
    const net = crowdNetwork(0)
    const bob = await openNode(net.transport(), strict)
    const [first] = await bundlesOf(net.transport(), bob)
    expect(decodePrekeyBundle(first as Uint8Array).oneTimePrekey).toBeNull()
    const alice = await openNode(net.transport(), strict)
    const chat = await alice.conversation(bob.id)
    let present = toHex(first as Uint8Array)
    for (let week = 0; week < 2; week++) {
      slow.forward(8 * DAY_MS)
      await until(async () => {
        const [bundle] = await bundlesOf(net.transport(), bob)
        return bundle !== undefined && toHex(bundle) !== present
      })
      present = toHex((await bundlesOf(net.transport(), bob))[0] as Uint8Array)
    }
    await chat.send('met long ago')
    expect((await next(bob)).text).toBe('met long ago')
  }, 30_000)

  it('is put back, the same, where a relay has lost it', async () => {
    const net = crowdNetwork(0)
    const published: string[] = []
    const noted = (directory: Directory): Partial<Directory> => ({
      publish: async (record, options) => {
        published.push(toHex(record.signature))
        await directory.publish(record, options)
      },
    })
    const store = survivingStore(memoryStore())
    const before = await openNode(spied(net.transport(), [], noted), { ...strict, store })
    await until(() => published.length >= 3)
    await before.close()
    const after = await openNode(spied(net.transport(), [], noted), { ...strict, store })
    await until(() => published.length >= 5)
    expect(new Set(published).size).toBe(1)
    expect(after.id).toBe(before.id)
  })

  it('is made anew, above what stands there, when the directory refuses it', async () => {
    const net = crowdNetwork(0)
    const sequences: number[] = []
    const noted = (directory: Directory): Partial<Directory> => ({
      publish: async (record, options) => {
        sequences.push(record.sequence)
        await directory.publish(record, options)
      },
    })
    const disk = memoryStore()
    const store = survivingStore(disk)
    const alice = await openNode(spied(net.transport(), [], noted), { ...strict, store })
    await until(() => sequences.length > 0)
    await alice.close()
    // A later copy of the store had published further.
    const { directory } = await net.transport()({ clock: slow, logger: silentLogger })
    const row = await selfTable.get(store)
    if (row === undefined) throw new Error('it has a row')
    const account = accountFromSeed(defaultCrypto, row.accountSeed)
    const device = decodeDeviceKeys(defaultCrypto, row.deviceKeys)
    const found = await directory?.lookup(directoryAddress(defaultCrypto, accountKey(alice.id)))
    const there = newestIdentityRecord(defaultCrypto, accountKey(alice.id), found ?? [])
    if (there === null) throw new Error('it was published')
    const later = signIdentityRecord(defaultCrypto, account, { ...there, sequence: 40 })
    await directory?.publish(sealIdentityRecord(defaultCrypto, account, device.directory, later))
    sequences.length = 0
    await openNode(spied(net.transport(), [], noted), { ...strict, store })
    await until(() => sequences.includes(41))
    expect(sequences.slice(0, 2)).toEqual([1, 41])
  })
})
