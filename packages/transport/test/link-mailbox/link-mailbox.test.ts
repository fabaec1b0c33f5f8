import { type Delivery, equalBytes, type MailboxPut } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { randomPut, unsafeSeededRandom, virtualClock } from '@hyphae/testkit'
import type { LinkMailbox } from '@hyphae/transport/link-mailbox'
import { describe, expect, it } from 'vitest'
import { memoryCarrier } from '../carriers.js'
import { boxKey, hastyClock, node, traits, until, wire } from './nodes.js'

/** Reads a box for the whole test; acknowledges where told to. */
function reads(on: LinkMailbox, key = boxKey(), acks = true) {
  const seen: Delivery[] = []
  const stop = new AbortController()
  const done = (async () => {
    for await (const delivery of on.mailbox.watch(key, { signal: stop.signal })) {
      seen.push(delivery)
      if (acks) await delivery.ack()
    }
  })()
  return {
    key,
    seen,
    leave: async () => {
      stop.abort()
      await done
    },
  }
}

const frames = (deliveries: readonly Delivery[]): Uint8Array[] => deliveries.map(({ frame }) => frame)

describe('a put over a link', () => {
  it('resolves when the reader has acknowledged, and tells of each frame by itself', async () => {
    const on = wire()
    const [ada, ben] = [node(on, 'ada', ['ben']), node(on, 'ben')]
    const slow = reads(ben, boxKey(), false)
    const stored: number[] = []
    const items = [randomPut(crypto, slow.key.id), randomPut(crypto, slow.key.id)]
    const done = ada.mailbox.put(items, { stored: (index) => stored.push(index) })
    await until(() => slow.seen.length === 2)
    expect(stored).toEqual([])
    await slow.seen[0]?.ack()
    await until(() => stored.length === 1)
    await slow.seen[1]?.ack()
    await done
    expect(stored).toEqual([0, 1])
    expect(frames(slow.seen)).toEqual(items.map(({ frame }) => frame))
  })

  it('waits for a reader who comes, and reaches nobody meanwhile', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const key = boxKey()
    const put = randomPut(crypto, key.id)
    const done = ada.mailbox.put([put])
    expect(ada.mailbox.reach(key.id)).toBeUndefined()
    const ben = node(on, 'ben')
    await until(() => ada.met().length === 1)
    expect(ada.mailbox.reach(key.id)).toBeUndefined()
    const box = reads(ben, key)
    await done
    expect(frames(box.seen)).toEqual([put.frame])
    expect(ada.mailbox.reach(key.id)).toEqual({ peer: 'ben', nearness: 'direct' })
  })

  it('is given up with the signal, and the frame is not sent when its reader comes', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const key = boxKey()
    const stop = new AbortController()
    const done = ada.mailbox.put([randomPut(crypto, key.id)], { signal: stop.signal })
    stop.abort()
    await expect(done).rejects.toMatchObject({ code: 'core/aborted' })
    const box = reads(node(on, 'ben'), key)
    const later = randomPut(crypto, key.id)
    await ada.mailbox.put([later])
    expect(frames(box.seen)).toEqual([later.frame])
  })

  it('ends with the mailbox', async () => {
    const ada = node(wire(), 'ada', ['ben'])
    const done = ada.mailbox.put([randomPut(crypto, boxKey().id)])
    await ada.close()
    await expect(done).rejects.toMatchObject({ code: 'transport/closed' })
    await expect(ada.mailbox.put([randomPut(crypto, boxKey().id)])).rejects.toMatchObject({
      code: 'transport/closed',
    })
  })

  it('goes to whoever reads the box, among several', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben', 'cleo', 'dora'])
    const [ben, cleo] = [node(on, 'ben'), node(on, 'cleo')]
    const [bens, cleos] = [reads(ben), reads(cleo)]
    const [toBen, toCleo] = [randomPut(crypto, bens.key.id), randomPut(crypto, cleos.key.id)]
    await ada.mailbox.put([toBen, toCleo])
    expect(frames(bens.seen)).toEqual([toBen.frame])
    expect(frames(cleos.seen)).toEqual([toCleo.frame])
  })

  it('keeps order over more frames than fit the window, and the reader is not sent more than it may hold', async () => {
    const on = wire()
    const [ada, ben] = [node(on, 'ada', ['ben']), node(on, 'ben')]
    const box = reads(ben)
    const items = Array.from({ length: 200 }, () => randomPut(crypto, box.key.id, 128))
    await ada.mailbox.put(items)
    expect(box.seen.every(({ frame }, index) => equalBytes(frame, (items[index] as MailboxPut).frame))).toBe(
      true,
    )
    expect(box.seen.length).toBe(200)
  })

  it('every frame that leaves has one of the four sizes, also over a link of 128 bytes', async () => {
    const on = wire()
    const narrow = { ...traits, mtu: 128 }
    const [ada, ben] = [node(on, 'ada', ['ben'], { traits: narrow }), node(on, 'ben', [], { traits: narrow })]
    const boxes = [reads(ben), reads(ben)]
    await ada.mailbox.put(boxes.flatMap(({ key }) => [1, 2, 3].map(() => randomPut(crypto, key.id, 128))))
    expect(boxes.map(({ seen }) => seen.length)).toEqual([3, 3])
    expect(new Set(on.sent.map(({ frame }) => frame.length))).toEqual(new Set([128]))
    await expect(ada.mailbox.put([randomPut(crypto, boxKey().id, 512)])).rejects.toMatchObject({
      code: 'transport/bad-frame',
    })
  })
})

describe('when a link is not to be relied on', () => {
  it('a third of all frames lost: everything comes, each once', async () => {
    const on = wire()
    const random = unsafeSeededRandom(7)
    on.judge = () => (random.chance(1 / 3) ? 'lose' : 'carry')
    const clock = hastyClock()
    const [ada, ben] = [node(on, 'ada', ['ben'], { clock }), node(on, 'ben', ['ada'], { clock })]
    const box = reads(ben)
    const items = Array.from({ length: 30 }, () => randomPut(crypto, box.key.id, 128))
    await ada.mailbox.put(items)
    const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex')
    expect(frames(box.seen).map(hex).sort()).toEqual(items.map(({ frame }) => hex(frame)).sort())
  })

  it('cut and connected again: what was under way is asked for, and sent only if it is not there', async () => {
    const on = wire()
    const [ada, ben] = [node(on, 'ada', ['ben']), node(on, 'ben', ['ada'])]
    const slow = reads(ben, boxKey(), false)
    const put = randomPut(crypto, slow.key.id, 2048)
    const done = ada.mailbox.put([put])
    await until(() => slow.seen.length === 1)
    on.judge = () => 'refuse'
    const sent = (size: number): number => on.sent.filter(({ frame }) => frame.length === size).length
    const large = sent(2048)
    const lost = ada.mailbox.put([randomPut(crypto, slow.key.id, 2048)])
    await until(() => ada.met().length === 0)
    on.judge = () => 'carry'
    await until(() => slow.seen.length === 2)
    for (const delivery of slow.seen) await delivery.ack()
    await Promise.all([done, lost])
    expect(slow.seen.length).toBe(2)
    // The second, sent in vain and again; never the first, which was there.
    expect(sent(2048) - large).toBeLessThanOrEqual(2)
  }, 30_000)

  it('a reader that starts anew is sent what it had not acknowledged', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const first = node(on, 'ben', ['ada'])
    const slow = reads(first, boxKey(), false)
    const items = Array.from({ length: 3 }, () => randomPut(crypto, slow.key.id))
    const done = ada.mailbox.put(items)
    await until(() => slow.seen.length === 3)
    await slow.seen[0]?.ack()
    await until(() => on.sent.filter(({ from }) => from === 'ben').length > 3)
    await first.close()
    const again = reads(node(on, 'ben', ['ada']), slow.key)
    await done
    expect(frames(again.seen)).toEqual(items.slice(1).map(({ frame }) => frame))
  }, 30_000)
})

describe('a cursor', () => {
  it('goes on rising in a box that was left and is read again', async () => {
    const on = wire()
    const [ada, ben] = [node(on, 'ada', ['ben']), node(on, 'ben')]
    const key = boxKey()
    const cursors: number[] = []
    for (let visit = 0; visit < 2; visit++) {
      const box = reads(ben, key)
      await ada.mailbox.put([randomPut(crypto, key.id)])
      cursors.push(...box.seen.map(({ cursor }) => cursor))
      await box.leave()
    }
    expect(cursors.length).toBe(2)
    expect(cursors[1]).toBeGreaterThan(cursors[0] as number)
  })
})

describe('a topic beside the link', () => {
  it('who comes wakes those who have frames for it, long before they would greet again', async () => {
    const on = wire()
    const clock = virtualClock()
    const { topic: ours } = await memoryCarrier()
    if (ours === undefined) throw new Error('the memory network has topics')
    // Ada's time stands still from here on: she greets nobody because it is due.
    const ada = node(on, 'ada', ['ben'], { clock, topic: ours })
    const key = boxKey()
    const done = ada.mailbox.put([randomPut(crypto, key.id)])
    await until(() => on.sent.some(({ from }) => from === 'ada'))
    await clock.advance(5_000)
    const tries = on.sent.length
    const box = reads(node(on, 'ben', [], { topic: ours }), key)
    await done
    expect(box.seen.length).toBe(1)
    expect(on.sent.length).toBeGreaterThan(tries)
  })
})

describe('a directory over a link', () => {
  it('says nothing of nobody, in finite time', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    expect(await ada.directory.lookup(new Uint8Array(32))).toEqual([])
    expect(await ada.directory.take(new Uint8Array(32), 1)).toBeUndefined()
  })
})
