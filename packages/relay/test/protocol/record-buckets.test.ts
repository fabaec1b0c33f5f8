import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord } from '@hyphae/tlv'
import type { RelayCarrier } from '@hyphae/transport-relay'
import { afterEach, describe, expect, it } from 'vitest'
import { startTwoRelays } from '../support/hops.js'
import { type RelayFixture, startFixture } from '../support/relay.js'

let fixture: Pick<RelayFixture, 'dispose'>
afterEach(() => fixture.dispose())

const { sha256 } = crypto
const ALL = { bits: 0, prefix: 0 }
const UNKNOWN_PLACE = { code: 'relay-carrier/bad-cursor', retryable: true }

function newRecord(address: Uint8Array, bytes = 40) {
  const body = crypto.randomBytes(bytes)
  return signDirectoryRecord(crypto, crypto.ed25519.generate(), { address, sequence: 1, body })
}

type Records = ReturnType<typeof newRecord>[]

async function publish({ directory }: RelayCarrier, count: number, bytes?: number): Promise<Records> {
  const records = Array.from({ length: count }, () => newRecord(crypto.randomBytes(32), bytes))
  await Promise.all(records.map((record) => directory.publish(record)))
  return records
}

/** How often the record was found in a whole bucket, and what it was asked in. */
async function walk(
  { directory: { buckets } }: RelayCarrier,
  bucket: { bits: number; prefix: number },
  records: Records,
  limit = 100,
): Promise<{ found: number[]; pages: number }> {
  const found = records.map(() => 0)
  let pages = 0
  let after: Uint8Array | undefined
  do {
    const part = await buckets.fetch(bucket, { limit, ...(after && { after }) })
    pages += 1
    records.forEach((wanted, i) => {
      for (const one of part.records) {
        const opened = one.open(wanted.address, sha256)
        if (opened !== undefined) expect(opened).toEqual(wanted)
        found[i] = (found[i] as number) + (opened === undefined ? 0 : 1)
      }
    })
    after = part.next
  } while (after !== undefined)
  return { found, pages }
}

describe('a bucket of records', () => {
  it('is as small as leaves a crowd in it, and no smaller and not much larger', async () => {
    const relay = await startFixture({ limits: { bucketBoxes: 4 } })
    fixture = relay
    const carrier = await relay.connect()
    expect(await carrier.directory.buckets.bits()).toBe(0)
    const records = await publish(carrier, 70)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await carrier.directory.buckets.bits()).toBe(3)
    const fetch = (bits: number) => carrier.directory.buckets.fetch({ bits, prefix: 0 })
    await expect(fetch(5)).rejects.toMatchObject({ code: 'relay-carrier/bucket-too-small' })
    await expect(fetch(24)).rejects.toMatchObject({ code: 'relay-carrier/bucket-too-small' })
    const each = await Promise.all(
      Array.from({ length: 16 }, (_, prefix) => walk(carrier, { bits: 4, prefix }, records, 3)),
    )
    const sums = records.map((_, i) => each.reduce((sum, { found }) => sum + (found[i] as number), 0))
    expect(sums).toEqual(records.map(() => 1))
    records.forEach(({ address }, i) => {
      expect(each[(address[0] as number) >>> 4]?.found[i]).toBe(1)
    })
  })

  it('tells nobody an address or a writer: no more than how many there are, and how large', async () => {
    const relays = await startTwoRelays()
    fixture = relays
    const publisher = await relays.direct()
    const records = await publish(publisher, 5)
    const { directory } = await relays.direct()
    const before = (await relays.saw('second')).length
    const [one, two] = [await directory.buckets.fetch(ALL), await directory.buckets.fetch(ALL, { limit: 2 })]
    expect(one.records.length).toBe(5)
    expect(two.next?.length).toBeGreaterThan(0)
    const said = toHex((await relays.saw('second')).subarray(before))
    for (const { address, writer, signature, body } of records) {
      expect(said).toContain(toHex(body))
      for (const secret of [address.subarray(0, 8), writer.subarray(0, 8), signature.subarray(0, 8)])
        expect(said).not.toContain(toHex(secret))
    }
    for (const record of one.records) expect(record.open(crypto.randomBytes(32), sha256)).toBeUndefined()
  })

  it('goes over two hops in sealed answers of 128 KiB, with the largest records there are', async () => {
    const relays = await startTwoRelays()
    fixture = relays
    const carrier = await relays.connect()
    const records = await publish(await relays.direct(), 33, 8192)
    const { found, pages } = await walk(carrier, ALL, records, 1000)
    expect(found).toEqual(records.map(() => 1))
    expect(pages).toBe(3)
  })

  it('hostile 37: goes on only where this relay said, for the bucket it said it of', async () => {
    const relay = await startFixture({ limits: { bucketBoxes: 1 } })
    fixture = relay
    const carrier = await relay.connect()
    await publish(carrier, 16)
    const { buckets } = carrier.directory
    const [first, other] = [
      { bits: 1, prefix: 0 },
      { bits: 1, prefix: 1 },
    ]
    const parts = await Promise.all([first, other].map((bucket) => buckets.fetch(bucket, { limit: 1 })))
    const next = parts.find((part) => part.next !== undefined)?.next as Uint8Array
    const [own, wrong] = parts[0]?.next === next ? [first, other] : [other, first]
    await buckets.fetch(own, { after: next })
    await expect(buckets.fetch(wrong, { after: next })).rejects.toMatchObject(UNKNOWN_PLACE)
    await expect(buckets.fetch(ALL, { after: next })).rejects.toMatchObject(UNKNOWN_PLACE)
    const turned = next.map((byte, i) => (i === 30 ? byte ^ 1 : byte))
    await expect(buckets.fetch(own, { after: turned })).rejects.toMatchObject(UNKNOWN_PLACE)
    for (const length of [1, 23, 24, 128])
      await expect(buckets.fetch(own, { after: new Uint8Array(length) })).rejects.toMatchObject(UNKNOWN_PLACE)
    await relay.restart()
    const later = await relay.connect()
    await expect(later.directory.buckets.fetch(own, { after: next })).rejects.toMatchObject(UNKNOWN_PLACE)
    expect((await later.directory.buckets.fetch(own)).records.length).toBeGreaterThan(0)
  })

  it('hostile 38: costs its reader as much as signatures do', async () => {
    const relay = await startFixture({ limits: { costlyBurst: 8, costlyPerSecond: 0.01 } })
    fixture = relay
    const { buckets } = (await relay.connect()).directory
    await buckets.fetch(ALL)
    await buckets.fetch(ALL)
    await expect(buckets.fetch(ALL)).rejects.toMatchObject({ code: 'relay-carrier/rate-limited' })
  })
})
