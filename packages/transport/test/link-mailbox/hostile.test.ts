/** Peers that say what they should not, written by hand. */
import { type BoxKey, concatBytes, equalBytes, isHyphaeError, type Link, type MailboxPut } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { randomPut } from '@hyphae/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_INBOX_FRAMES, MAX_LINK_PEERS, MAX_LINK_REFUSALS, MAX_SERVED_BY_PEER } from '../../src/limits.js'
import { decodeControl, encodeControl } from '../../src/link-mailbox/control.js'
import { decodeMessage, encodeMessage, type Message } from '../../src/link-mailbox/message.js'
import { boxTag, serveStatement, takenStatement } from '../../src/link-mailbox/statement.js'
import { boxKey, hastyClock, node, until, type Wire, wire } from './nodes.js'

const ID = 16

/** A peer made of nothing but words. */
async function impostor(on: Wire, name: string, victim: string) {
  const link: Link = on.link(name)
  const run = crypto.randomBytes(ID)
  const heard: Message[] = []
  let theirs = new Uint8Array(ID)
  const read = async (): Promise<void> => {
    for await (const { frame } of link.frames()) {
      const control = decodeControl(frame)
      if (control === null) continue
      const message = decodeMessage(control.message)
      if (message.kind === 'hello') theirs = message.run.slice()
      heard.push(message)
    }
  }
  void read()
  const say = (message: Message): Promise<void> =>
    link.send(victim, encodeControl({ to: theirs, message: encodeMessage(message) }))
  await say({ kind: 'hello', run, sees: new Uint8Array(ID), asks: true })
  await until(() => heard.length > 0)
  return {
    link,
    run,
    heard,
    say,
    way: () => ({ reader: run, sender: theirs }),
    back: () => ({ reader: theirs, sender: run }),
    raw: (frame: Uint8Array) => link.send(victim, frame),
    control: (message: Uint8Array) => link.send(victim, encodeControl({ to: theirs, message })),
  }
}

const serveOf = (
  way: { reader: Uint8Array; sender: Uint8Array },
  key: BoxKey,
  signer: BoxKey = key,
): Message => ({
  kind: 'serve',
  number: 1,
  entries: [{ tag: boxTag(crypto.sha256, way, key.id), signature: signer.sign(serveStatement(way, key.id)) }],
})

describe('hostile 1: malformed messages', () => {
  it('decoding refuses with one error whatever the bytes, or gives what encodes to them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          expect(encodeMessage(decodeMessage(bytes))).toEqual(bytes)
        } catch (error) {
          expect(error).toMatchObject({ code: 'transport/bad-message' })
        }
      }),
    )
  })

  it('every prefix and every flipped bit of every message is refused or something else, never another error', () => {
    const [b16, b32, b64] = [crypto.randomBytes(16), crypto.randomBytes(32), crypto.randomBytes(64)]
    const messages: Message[] = [
      { kind: 'hello', run: b16, sees: b16, asks: true },
      { kind: 'serve', number: 7, entries: [{ tag: b16, signature: b64 }] },
      { kind: 'heard', number: 2 ** 32 - 1 },
      { kind: 'put', entries: [{ tag: b16, id: b16, digest: b16 }] },
      { kind: 'probe', entries: [{ tag: b16, id: b16, digest: b16 }] },
      { kind: 'taken', tag: b16, signature: b64, ids: [b16, b16] },
      { kind: 'standing', standing: 'gone', tag: b16, ids: [b16] },
      { kind: 'lookup', request: 3, address: b32 },
      { kind: 'take', request: 3, writer: b32, stock: 255 },
      { kind: 'count', request: 3, writer: b32, stock: 1 },
      { kind: 'answer', request: 3, index: 1, count: 2, part: b64 },
    ]
    for (const message of messages) {
      const bytes = encodeMessage(message)
      expect(decodeMessage(bytes)).toEqual(message)
      const variants = [
        ...Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length)),
        ...Array.from({ length: bytes.length * 8 }, (_, bit) => {
          const flipped = bytes.slice()
          flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
          return flipped
        }),
      ]
      for (const variant of variants)
        try {
          if (!equalBytes(encodeMessage(decodeMessage(variant)), variant)) expect.fail('another encoding')
        } catch (error) {
          if (!isHyphaeError(error, 'transport/bad-message')) throw error
        }
    }
  })

  it('a control frame is canonical: the smallest that fits, zeros behind', () => {
    const frame = encodeControl({ to: new Uint8Array(ID), message: new Uint8Array(20) })
    expect(frame.length).toBe(128)
    const larger = new Uint8Array(512)
    larger.set(frame)
    const marked = frame.slice()
    marked[127] = 1
    for (const bad of [larger, marked])
      expect(() => decodeControl(bad)).toThrow(expect.objectContaining({ code: 'transport/bad-message' }))
    expect(decodeControl(crypto.randomBytes(128))).toBeNull()
  })

  it('a peer that talks nonsense is not heard in the end, and others are', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const mallory = await impostor(on, 'mallory', 'ada')
    for (let count = 0; count <= MAX_LINK_REFUSALS; count++) await mallory.control(Uint8Array.of(99))
    const before = mallory.heard.length
    await mallory.say({ kind: 'lookup', request: 1, address: new Uint8Array(32) })
    const ben = node(on, 'ben', ['ada'])
    const key = boxKey()
    void (async () => {
      for await (const delivery of ben.mailbox.watch(key)) await delivery.ack()
    })()
    await ada.mailbox.put([randomPut(crypto, key.id)])
    expect(mallory.heard.length).toBe(before)
  })
})

describe('hostile 36: who says that it reads a box, or that a frame was taken', () => {
  it('an announcement without the key of the box draws no frame', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const key = boxKey()
    const mallory = await impostor(on, 'mallory', 'ada')
    await mallory.say(serveOf(mallory.way(), key, boxKey()))
    await until(() => mallory.heard.some(({ kind }) => kind === 'heard'))
    expect(ada.mailbox.reach(key.id)).toBeUndefined()
    const done = ada.mailbox.put([randomPut(crypto, key.id)])
    done.catch(() => {})
    await mallory.say({ kind: 'lookup', request: 1, address: new Uint8Array(32) })
    await until(() => mallory.heard.some(({ kind }) => kind === 'answer'))
    expect(mallory.heard.some(({ kind }) => kind === 'put')).toBe(false)
  })

  it('an announcement made for another, or for another run, counts for nothing here', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const key = boxKey()
    const mallory = await impostor(on, 'mallory', 'ada')
    // As the reader would sign it for somebody else: the tag is right here, the statement is not.
    const elsewhere = { reader: mallory.run, sender: crypto.randomBytes(ID) }
    await mallory.say({
      kind: 'serve',
      number: 1,
      entries: [
        {
          tag: boxTag(crypto.sha256, mallory.way(), key.id),
          signature: key.sign(serveStatement(elsewhere, key.id)),
        },
      ],
    })
    await until(() => mallory.heard.some(({ kind }) => kind === 'heard'))
    expect(ada.mailbox.reach(key.id)).toBeUndefined()
  })

  it('a confirmation that the box has not signed, or signed for another frame, stores nothing', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const key = boxKey()
    const mallory = await impostor(on, 'mallory', 'ada')
    await mallory.say(serveOf(mallory.way(), key))
    await until(() => mallory.heard.some(({ kind }) => kind === 'heard'))
    const put = randomPut(crypto, key.id)
    let isStored = false
    const done = ada.mailbox.put([put], {
      stored: () => {
        isStored = true
      },
    })
    await until(() => mallory.heard.some(({ kind }) => kind === 'put'))
    const tag = boxTag(crypto.sha256, mallory.way(), key.id)
    const other = crypto.randomBytes(ID)
    const signed = key.sign(takenStatement(mallory.way(), key.id, [other]))
    await mallory.say({ kind: 'taken', tag, ids: [put.id], signature: crypto.randomBytes(64) })
    await mallory.say({ kind: 'taken', tag, ids: [put.id], signature: signed })
    await mallory.say({ kind: 'lookup', request: 1, address: new Uint8Array(32) })
    await until(() => mallory.heard.some(({ kind }) => kind === 'answer'))
    expect(isStored).toBe(false)
    await mallory.say({
      kind: 'taken',
      tag,
      ids: [put.id],
      signature: key.sign(takenStatement(mallory.way(), key.id, [put.id])),
    })
    await done
    expect(isStored).toBe(true)
  })
})

it('hostile 36: a reader that calls one frame gone is asked for none of the box', async () => {
  const on = wire()
  const ada = node(on, 'ada', ['ben'], { clock: hastyClock() })
  const key = boxKey()
  const mallory = await impostor(on, 'mallory', 'ada')
  await mallory.say(serveOf(mallory.way(), key))
  await until(() => ada.mailbox.reach(key.id) !== undefined)
  const items = [randomPut(crypto, key.id), randomPut(crypto, key.id)]
  const done = ada.mailbox.put(items)
  await until(() => mallory.heard.some(({ kind }) => kind === 'put'))
  const tag = boxTag(crypto.sha256, mallory.way(), key.id)
  await mallory.say({ kind: 'standing', standing: 'gone', tag, ids: [(items[0] as MailboxPut).id] })
  await until(() => ada.mailbox.reach(key.id) === undefined)
  const before = mallory.heard.filter(({ kind }) => kind === 'put' || kind === 'probe').length
  // Longer than any answer is waited for, at a hundred times the speed.
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(mallory.heard.filter(({ kind }) => kind === 'put' || kind === 'probe').length).toBe(before)
  const ben = node(on, 'ben', ['ada'])
  const seen: Uint8Array[] = []
  void (async () => {
    for await (const { frame, ack } of ben.mailbox.watch(key)) {
      seen.push(frame)
      await ack()
    }
  })()
  await done
  expect(seen).toEqual(items.map(({ frame }) => frame))
})

describe('hostile 8 and 37: repeats', () => {
  it('a conversation that is played again to a node in a new run does nothing', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const ben = node(on, 'ben', ['ada'])
    const key = boxKey()
    const seen: Uint8Array[] = []
    void (async () => {
      for await (const { frame, ack } of ben.mailbox.watch(key)) {
        seen.push(frame)
        await ack()
      }
    })()
    await ada.mailbox.put([randomPut(crypto, key.id)])
    const recorded = on.sent.filter(({ to }) => to === 'ben').map(({ frame }) => frame)
    await Promise.all([ada.close(), ben.close()])
    const again = node(on, 'ben')
    const later: Uint8Array[] = []
    void (async () => {
      for await (const { frame } of again.mailbox.watch(key)) later.push(frame)
    })()
    const ghost = on.link('ada')
    for (const frame of recorded) await ghost.send('ben', frame)
    const mallory = await impostor(on, 'mallory', 'ben')
    await mallory.say({ kind: 'lookup', request: 1, address: new Uint8Array(32) })
    await until(() => mallory.heard.some(({ kind }) => kind === 'answer'))
    expect([seen.length, later.length]).toEqual([1, 0])
  })

  it('a frame offered again is confirmed again, and delivered once', async () => {
    const on = wire()
    const ben = node(on, 'ben')
    const key = boxKey()
    let count = 0
    void (async () => {
      for await (const { ack } of ben.mailbox.watch(key)) {
        count += 1
        await ack()
      }
    })()
    const ada = await impostor(on, 'ada', 'ben')
    await until(() => ada.heard.some(({ kind }) => kind === 'serve'))
    const frame = crypto.randomBytes(512)
    const entry = {
      tag: boxTag(crypto.sha256, ada.back(), key.id),
      id: crypto.randomBytes(ID),
      digest: crypto.sha256(frame).slice(0, ID),
    }
    for (let round = 1; round <= 3; round++) {
      await ada.say({ kind: 'put', entries: [entry] })
      await ada.raw(frame)
      await until(() => ada.heard.filter(({ kind }) => kind === 'taken').length === round)
    }
    expect(count).toBe(1)
  })
})

describe('hostile 38: what strangers can make a node hold', () => {
  it('frames beyond what a box holds are told to wait, and those of others come', async () => {
    const on = wire()
    const ben = node(on, 'ben')
    const [full, free] = [boxKey(), boxKey()]
    const stop = new AbortController()
    const held = ben.mailbox.watch(full, { signal: stop.signal })[Symbol.asyncIterator]()
    void held.next()
    const came: Uint8Array[] = []
    void (async () => {
      for await (const { frame, ack } of ben.mailbox.watch(free)) {
        came.push(frame)
        await ack()
      }
    })()
    const mallory = await impostor(on, 'mallory', 'ben')
    await until(() => mallory.heard.filter(({ kind }) => kind === 'serve').length >= 1)
    const send = async (key: BoxKey, number: number): Promise<void> => {
      const frame = crypto.randomBytes(128)
      const id = new Uint8Array(ID)
      new DataView(id.buffer).setUint32(0, number)
      const digest = crypto.sha256(frame).slice(0, ID)
      await mallory.say({
        kind: 'put',
        entries: [{ tag: boxTag(crypto.sha256, mallory.back(), key.id), id, digest }],
      })
      await mallory.raw(frame)
    }
    for (let number = 0; number < MAX_INBOX_FRAMES + 5; number++) await send(full, number)
    const isFull = (message: Message): boolean => message.kind === 'standing' && message.standing === 'full'
    await until(() => mallory.heard.filter(isFull).length === 5)
    await send(free, 0)
    await until(() => came.length === 1)
    stop.abort()
  })

  it('more peers than are remembered: those who answer stay, no more are kept', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const ben = node(on, 'ben', ['ada'])
    await until(() => ada.met().includes('ben'))
    const hello: Message = {
      kind: 'hello',
      run: crypto.randomBytes(ID),
      sees: new Uint8Array(ID),
      asks: true,
    }
    for (let index = 0; index < 2 * MAX_LINK_PEERS; index++)
      await on
        .link(`stranger ${index}`)
        .send('ada', encodeControl({ to: new Uint8Array(ID), message: encodeMessage(hello) }))
    await until(() => ada.met().length >= MAX_LINK_PEERS)
    expect(ada.met().length).toBe(MAX_LINK_PEERS)
    expect(ada.met()).toContain('ben')
    expect(ben.met()).toEqual(['ada'])
  })

  it('announcements beyond what is kept of one peer push out its own oldest', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['ben'])
    const mallory = await impostor(on, 'mallory', 'ada')
    const [first, last] = [boxKey(), boxKey()]
    const entryOf = (key: BoxKey) => {
      const tag = boxTag(crypto.sha256, mallory.way(), key.id)
      return { tag, signature: key.sign(serveStatement(mallory.way(), key.id)) }
    }
    const noise = Array.from({ length: MAX_SERVED_BY_PEER }, () => ({
      tag: crypto.randomBytes(ID),
      signature: new Uint8Array(64),
    }))
    const serve = async (number: number, entries: Extract<Message, { kind: 'serve' }>['entries']) => {
      await mallory.say({ kind: 'serve', number, entries })
      await until(() => mallory.heard.some((one) => one.kind === 'heard' && one.number === number))
    }
    await serve(1, [entryOf(first)])
    for (let at = 0; at < noise.length; at += 50) await serve(2 + at, noise.slice(at, at + 50))
    await serve(100_000, [entryOf(last)])
    expect(ada.mailbox.reach(first.id)).toBeUndefined()
    expect(ada.mailbox.reach(last.id)).toEqual({ peer: 'mallory', nearness: 'direct' })
  })

  it('an answer nobody asked for, and one that never ends, hold nothing', async () => {
    const on = wire()
    const ada = node(on, 'ada', ['mallory'])
    const mallory = await impostor(on, 'mallory', 'ada')
    await mallory.say({ kind: 'answer', request: 5, index: 0, count: 1, part: crypto.randomBytes(64) })
    const asked = ada.directory.lookup(new Uint8Array(32))
    asked.catch(() => {})
    await until(() => mallory.heard.some(({ kind }) => kind === 'lookup'))
    const question = mallory.heard.find((message) => message.kind === 'lookup')
    if (question?.kind !== 'lookup') throw new Error('it was asked')
    const part = concatBytes(...Array.from({ length: 60 }, () => crypto.randomBytes(64)))
    for (let index = 0; index < 30; index++)
      await mallory.say({ kind: 'answer', request: question.request, index, count: 65_535, part })
    // That nothing is there would be said by somebody who answers.
    await expect(asked).rejects.toMatchObject({ code: 'transport/lost', retryable: true })
  })
})
