// What each of the two relays saw: the entry no box and no frame, the second no address but the entry's.
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { startTwoRelays } from '../support/hops.js'
import { newBox } from '../support/relay.js'

describe('two hops', () => {
  it('show the entry neither box nor frame, and the second relay both', async () => {
    const relays = await startTwoRelays()
    const [sender, reader] = [await relays.connect(), await relays.connect()]
    const box = newBox()
    const frame = crypto.randomBytes(2048)
    const id = crypto.randomBytes(16)
    await sender.mailbox.put([{ box: box.id, id, frame }])
    const [delivery] = await reader.mailbox.fetch(box)
    expect(delivery?.frame).toEqual(frame)
    await delivery?.ack()
    const [entry, second] = [await relays.saw('entry'), await relays.saw('second')]
    for (const bytes of [box.id, id, frame, frame.subarray(1000, 1032)]) {
      expect(entry.includes(Buffer.from(bytes))).toBe(false)
      // Inside the seal it is not to be seen on the wire either: not by who listens between the two.
      expect(second.includes(Buffer.from(bytes))).toBe(false)
    }
    expect(await relays.second.stats()).toMatchObject({ boxes: 0 })
    await relays.dispose()
  })

  it('look the same to the entry, whatever is asked', async () => {
    const relays = await startTwoRelays()
    const carrier = await relays.connect()
    const box = newBox()
    const put = (size: number) => ({
      box: box.id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(size),
    })
    const sizes: string[] = []
    const measured = async (work: () => Promise<unknown>): Promise<void> => {
      const before = (await relays.saw('entry')).length
      await work()
      const log = (await relays.saw('entry')).subarray(before)
      sizes.push(messageLengths(log).join())
    }
    // The first says hello to the second relay, too.
    await carrier.mailbox.put([put(128)])
    await measured(() => carrier.mailbox.put([put(128)]))
    await measured(() => carrier.mailbox.put([put(4096)]))
    await measured(() => carrier.mailbox.fetch(box, { limit: 1 }))
    await measured(async () => (await carrier.mailbox.fetch(box, { limit: 1 }))[0]?.ack())
    await measured(() => carrier.directory.lookup(crypto.randomBytes(32)))
    const [once, , , twice] = sizes
    expect(new Set([sizes[0], sizes[1], sizes[2], sizes[4]])).toEqual(new Set([once]))
    expect(twice).toBe(`${once},${once}`)
    await relays.dispose()
  })

  it('seal what is for different boxes apart, and what is asked for one box together', async () => {
    const relays = await startTwoRelays()
    const carrier = await relays.connect()
    const boxes = [newBox(), newBox(), newBox()]
    const put = (box: ReturnType<typeof newBox>) => ({
      box: box.id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(512),
    })
    const [one] = boxes as [ReturnType<typeof newBox>]
    const sealed = async (work: () => Promise<unknown>): Promise<number> => {
      const before = (await relays.saw('entry')).length
      await work()
      // Each goes there and comes back.
      return Math.floor(((await relays.saw('entry')).length - before) / (2 * 8192))
    }
    await carrier.mailbox.put([put(one)])
    expect(await sealed(() => carrier.mailbox.put([put(one), put(one), put(one)]))).toBe(1)
    expect(await sealed(() => carrier.mailbox.put(boxes.map(put)))).toBe(3)
    expect(
      await sealed(() => Promise.all(boxes.map((box) => carrier.mailbox.fetch(box, { limit: 1 })))),
    ).toBe(3)
    const lookups = () => boxes.map(() => carrier.directory.lookup(crypto.randomBytes(32)))
    expect(await sealed(() => Promise.all(lookups()))).toBe(3)
    await relays.dispose()
  })

  it('leave the second relay one connection, of the entry, for all clients', async () => {
    const relays = await startTwoRelays()
    const carriers = await Promise.all([relays.connect(), relays.connect(), relays.connect()])
    const box = newBox()
    for (const { mailbox } of carriers)
      await mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(512) }])
    expect((await relays.second.stats()).connections).toBe(1)
    expect((await relays.entry.stats()).connections).toBe(3)
    await relays.dispose()
  })

  it('and buckets together hide who reads from the entry and which box from the second relay', async () => {
    const relays = await startTwoRelays()
    const sender = await relays.connect()
    const reader = await relays.connect({ privacy: { mode: 'bucket', sha256: crypto.sha256 } })
    const [box, other] = [newBox(), newBox()]
    const put = (to: typeof box) => ({
      box: to.id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(512),
    })
    const [first, second] = [put(box), put(box)]
    await sender.mailbox.put([put(other), first, put(other)])
    expect((await reader.mailbox.fetch(box)).map(({ frame }) => frame)).toEqual([first.frame])
    const watching = reader.mailbox.watch(box)[Symbol.asyncIterator]()
    expect((await watching.next()).value?.frame).toEqual(first.frame)
    const next = watching.next()
    await sender.mailbox.put([put(other), second])
    expect((await next).value?.frame).toEqual(second.frame)
    await watching.return?.()
    await relays.dispose()
  })

  it('carry large answers in few sealed ones', async () => {
    const relays = await startTwoRelays()
    const [sender, reader] = [await relays.connect(), await relays.connect()]
    const box = newBox()
    const puts = Array.from({ length: 120 }, () => ({
      box: box.id,
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(2048),
    }))
    await sender.mailbox.put(puts)
    const before = (await relays.saw('entry')).length
    const found = await reader.mailbox.fetch(box, { limit: 1000 })
    expect(found.map(({ frame }) => frame)).toEqual(puts.map(({ frame }) => frame))
    expect((await relays.saw('entry')).length - before).toBeLessThan(2 * (8192 * 2 + 4 * (8192 + 131_072)))
    await relays.dispose()
  })

  it('go on with a clock that is hours off', async () => {
    const relays = await startTwoRelays()
    const late = { ...systemClock, now: () => systemClock.now() - 5 * 3_600_000 }
    const carrier = await relays.connect({ clock: late })
    const box = newBox()
    await carrier.mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(512) }])
    expect(await carrier.mailbox.fetch(box)).toHaveLength(1)
    await relays.dispose()
  })

  it('bring a watch what comes, from one hop and from two', async () => {
    const relays = await startTwoRelays()
    const box = newBox()
    const first = await relays.connect()
    const put = () => [{ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(512) }]
    await first.mailbox.put(put())
    const stop = new AbortController()
    const seen: Uint8Array[] = []
    const watching = (async () => {
      for await (const { frame, ack } of first.mailbox.watch(box, { signal: stop.signal })) {
        seen.push(frame)
        await ack()
        if (seen.length === 3) stop.abort()
      }
    })()
    await (await relays.connect()).mailbox.put(put())
    await (await relays.direct()).mailbox.put(put())
    await watching
    expect(seen).toHaveLength(3)
    await relays.dispose()
  })
})

/** Lengths of the messages in a traffic log, in both directions: u8, length u32, message. */
function messageLengths(log: Buffer): number[] {
  const lengths: number[] = []
  for (let at = 0; at < log.length; ) {
    const length = log.readUInt32LE(at + 1)
    lengths.push(length)
    at += 5 + length
  }
  return lengths
}
