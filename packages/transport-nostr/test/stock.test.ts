/** Stocks at relays: what strangers put beside them, and takers that meet (spec/nostr.md, "Directory"). */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signDirectoryRecord, signStockUpload } from '@hyphae/tlv'
import { afterEach, describe, expect, it } from 'vitest'
import { nostr, nostrPool } from '../src/index.node.js'
import { filterOfPlace, openNotes, placeOf, sealNote } from '../src/place.js'
import { KIND_APPLICATION_DATA, signEvent } from '../src/portable.js'
import { encodeClaim } from '../src/stock-claim.js'
import { joinUploads, splitUpload } from '../src/stock-part.js'
import { keyOf, nostr as primitives } from './support/keys.js'
import { components, startRelay } from './support/relay.js'

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

const key = crypto.ed25519.generate()
const upload = (sequence: number, items: number, size = 200) =>
  signStockUpload(crypto, key, {
    kind: 1,
    sequence,
    items: Array.from({ length: items }, () => crypto.randomBytes(size)),
    lastResort: crypto.randomBytes(size),
    replace: false,
  })
const name = new Uint8Array([...key.publicKey, 1])
const shelf = placeOf(primitives, 'stock', name)
const claims = placeOf(primitives, 'claims', name)
const now = Math.floor(Date.now() / 1000)

async function stocked(items: number) {
  const server = await startRelay()
  ending.push(server.stop)
  const carrier = await nostr([server.url])(components)
  ending.push(() => carrier.close())
  const stock = upload(1, items)
  await carrier.directory!.stock(stock)
  return { server, directory: carrier.directory!, stock }
}

describe('an upload', () => {
  it('comes together from its parts, in any order, and not without one of them', () => {
    const whole = upload(3, 20, 8_000)
    const parts = splitUpload(crypto, whole)
    expect(parts.length).toBeGreaterThan(5)
    const notes = parts.map((content, index) => ({
      content,
      event: signEvent(primitives, keyOf(index + 1), {
        kind: KIND_APPLICATION_DATA,
        created_at: 1,
        tags: [],
        content: '',
      }),
    }))
    const stock = { writer: key.publicKey, kind: 1 }
    expect(
      joinUploads(crypto, stock, [...notes].reverse()).map(({ upload: found }) => found.signature),
    ).toEqual([whole.signature])
    expect(joinUploads(crypto, stock, notes.slice(1))).toEqual([])
    expect(joinUploads(crypto, { ...stock, kind: 2 }, notes)).toEqual([])
    for (const at of [1, 2, 40, 5_000]) {
      const altered = notes.map((note, index) =>
        index > 0 ? note : { ...note, content: note.content.map((byte, i) => (i === at ? byte ^ 1 : byte)) },
      )
      expect(joinUploads(crypto, stock, altered)).toEqual([])
    }
  })

  it('counts whatever strangers who know the writer put beside it', async () => {
    const { server, directory, stock } = await stocked(2)
    const pool = nostrPool([server.url], components)
    ending.push(pool.close)
    const thief = crypto.ed25519.generate()
    const forged = { ...signStockUpload(crypto, thief, { ...stock, sequence: 9 }), writer: key.publicKey }
    const [genuine] = splitUpload(crypto, stock) as [Uint8Array]
    const contents = [
      ...splitUpload(crypto, forged),
      genuine.subarray(0, 60),
      crypto.randomBytes(90),
      Uint8Array.of(2),
    ]
    for (const [index, content] of contents.entries())
      await pool.publish(sealNote(primitives, shelf, { author: keyOf(index + 1), created_at: now, content }))
    expect(await directory.remaining(key.publicKey, 1)).toBe(2)
    const taken = [await directory.take(key.publicKey, 1), await directory.take(key.publicKey, 1)]
    expect(new Set(taken.map((found) => Buffer.from(found!.item).toString('hex')))).toEqual(
      new Set(stock.items.map((item) => Buffer.from(item).toString('hex'))),
    )
  })
})

describe('a taker', () => {
  it('steps back from an item that another claims, and takes one that is free or the last resort', async () => {
    const { server, directory, stock } = await stocked(2)
    const pool = nostrPool([server.url], components)
    ending.push(pool.close)
    const [found] = joinUploads(
      crypto,
      { writer: key.publicKey, kind: 1 },
      openNotes(primitives, shelf, await pool.query(filterOfPlace(shelf))),
    )
    const digest = Buffer.from(found!.digest, 'hex')
    const say = (state: 'claimed' | 'released', created_at: number) =>
      pool.publish(
        sealNote(primitives, claims, {
          author: keyOf(4),
          created_at,
          content: encodeClaim(state, digest, 0),
        }),
      )
    await say('claimed', now)
    expect(await directory.remaining(key.publicKey, 1)).toBe(1)
    expect(await directory.take(key.publicKey, 1)).toEqual({ item: stock.items[1], lastResort: false })
    expect(await directory.take(key.publicKey, 1)).toEqual({ item: stock.lastResort, lastResort: true })
    await say('released', now + 1)
    expect(await directory.take(key.publicKey, 1)).toEqual({ item: stock.items[0], lastResort: false })
  })
})

describe('a node that starts again', () => {
  it('with its seed replaces what it has published, without it stands beside itself', async () => {
    const server = await startRelay()
    ending.push(server.stop)
    const address = crypto.randomBytes(32)
    const publish = async (sequence: number, seed?: Uint8Array): Promise<number> => {
      const carrier = await nostr([server.url], seed === undefined ? {} : { seed })(components)
      const body = Uint8Array.of(sequence)
      await carrier.directory!.publish(signDirectoryRecord(crypto, key, { address, sequence, body }))
      expect((await carrier.directory!.lookup(address)).map((record) => record.sequence)).toEqual([sequence])
      await carrier.close()
      return server.events.size
    }
    const seed = crypto.randomBytes(32)
    expect(await publish(1, seed)).toBe(1)
    expect(await publish(2, seed)).toBe(1)
    expect(await publish(3)).toBe(2)
    expect(() => nostr([server.url], { seed: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'nostr/bad-key' }),
    )
  })
})
