import { type BoxKey, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { capabilityTicket, type Ticket, workTicket } from '@hyphae/transport-relay'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newBox, type RelayClient, type RelayFixture, startFixture } from '../support/relay.js'

const WORK_BITS = 8

let fixture: RelayFixture
let carrier: RelayClient
beforeEach(async () => {
  fixture = await startFixture({ limits: { workBits: WORK_BITS } })
  carrier = await fixture.connect()
})
afterEach(() => fixture.dispose())

const put = (box: BoxKey) => ({ box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(128) })
const count = async (box: BoxKey): Promise<number> => (await carrier.mailbox.fetch(box)).length
const owner = crypto.ed25519.generate()
const DAY = 86_400_000

function grant(box: BoxKey, uses: number, expires = Date.now() + DAY, key = owner): Ticket {
  const serial = crypto.randomBytes(16)
  return capabilityTicket(box.id, { expires, uses, serial }, (message) => crypto.ed25519.sign(key, message))
}

async function withCapabilities(): Promise<BoxKey> {
  const box = newBox()
  await carrier.terms.set(box, { accepts: ['capability'], capabilityKey: owner.publicKey })
  return box
}

const rejects = (code: string) => ({ code: `relay-carrier/${code}` })

describe('terms of a box', () => {
  it('are what its owner has set, and nothing before', async () => {
    const box = newBox()
    expect(await carrier.terms.get(box.id)).toBeUndefined()
    const terms = {
      accepts: ['none', 'work'],
      capabilityKey: owner.publicKey,
      workBits: 3,
      quota: 9,
    } as const
    await carrier.terms.set(box, terms)
    expect(await carrier.terms.get(box.id)).toEqual(terms)
    await carrier.terms.set(box, { accepts: [] })
    expect(await carrier.terms.get(box.id)).toMatchObject({ accepts: [], quota: 0 })
  })

  it('hostile 24: are set by nobody else', async () => {
    const box = newBox()
    const thief = { id: box.id, sign: newBox().sign }
    await expect(carrier.terms.set(thief, { accepts: [] })).rejects.toMatchObject(rejects('bad-proof'))
    expect(await carrier.terms.get(box.id)).toBeUndefined()
  })

  it('hold for a plain put as well, and a closed box takes nothing', async () => {
    const box = newBox()
    await carrier.mailbox.put([put(box)])
    await carrier.terms.set(box, { accepts: [] })
    await expect(carrier.mailbox.put([put(box)])).rejects.toMatchObject(rejects('ticket-needed'))
    expect(await count(box)).toBe(1)
    await carrier.terms.set(box, { accepts: ['none'] })
    await carrier.mailbox.put([put(box)])
    expect(await count(box)).toBe(2)
  })

  it('survive a restart of the relay', async () => {
    const box = await withCapabilities()
    await fixture.restart()
    const again = await fixture.connect()
    expect(await again.terms.get(box.id)).toMatchObject({ accepts: ['capability'] })
    await expect(again.mailbox.put([put(box)])).rejects.toMatchObject(rejects('ticket-needed'))
  })

  it('hostile 38: lower the quota of a box, and never raise it', async () => {
    const box = newBox()
    await carrier.terms.set(box, { accepts: ['none'], quota: 3 })
    for (let i = 0; i < 3; i++) await carrier.mailbox.put([put(box)])
    const error = await carrier.mailbox.put([put(box)]).catch((refused: unknown) => refused)
    expect(error).toMatchObject({ ...rejects('box-full'), retryAfterMs: expect.any(Number) })
    expect((error as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0)
  })

  it('that accept capabilities need a key', async () => {
    const promise = carrier.terms.set(newBox(), { accepts: ['capability'] })
    await expect(promise).rejects.toMatchObject(rejects('bad-terms'))
  })
})

describe('capabilities', () => {
  it('let in who holds one, as often as it says, whoever it is', async () => {
    const box = await withCapabilities()
    const ticket = grant(box, 2)
    const other = await fixture.connect()
    await carrier.mailbox.put([{ ...put(box), ticket }])
    await other.mailbox.put([{ ...put(box), ticket }])
    await expect(carrier.mailbox.put([{ ...put(box), ticket }])).rejects.toMatchObject(rejects('bad-ticket'))
    const unlimited = grant(box, 0)
    for (let i = 0; i < 5; i++) await other.mailbox.put([{ ...put(box), ticket: unlimited }])
    expect(await count(box)).toBe(7)
  })

  it('hostile 8: count a frame once, however often it is put, also over a restart', async () => {
    const box = await withCapabilities()
    const ticket = grant(box, 1)
    const item = { ...put(box), ticket }
    await Promise.all(Array.from({ length: 20 }, () => carrier.mailbox.put([item])))
    await fixture.restart()
    const again = await fixture.connect()
    await again.mailbox.put([item])
    await expect(again.mailbox.put([{ ...put(box), ticket }])).rejects.toMatchObject(rejects('bad-ticket'))
    expect((await again.mailbox.fetch(box)).length).toBe(1)
  })

  it('that are counted let in no more than they say when all come at once', async () => {
    const box = await withCapabilities()
    const ticket = grant(box, 7)
    const puts = Array.from({ length: 40 }, () => carrier.mailbox.put([{ ...put(box), ticket }]))
    const results = await Promise.allSettled(puts)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
    expect(await count(box)).toBe(7)
  })

  it('hostile 16: of another box, of another key, expired, for too long, or with one bit flipped are refused', async () => {
    const box = await withCapabilities()
    const good = grant(box, 0)
    const wrong: Ticket[] = [
      grant(newBox(), 0),
      grant(box, 0, Date.now() + DAY, crypto.ed25519.generate()),
      grant(box, 0, Date.now() - 1),
      grant(box, 0, Date.now() + 500 * DAY),
      { kind: 'capability', bytes: new Uint8Array(0) },
      { kind: 'capability', bytes: new Uint8Array(1024) },
    ]
    for (let bit = 0; bit < 8 * good.bytes.length; bit += 37) {
      const bytes = good.bytes.slice()
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      wrong.push({ kind: 'capability', bytes })
    }
    for (const ticket of wrong)
      await expect(carrier.mailbox.put([{ ...put(box), ticket }])).rejects.toMatchObject(
        rejects('bad-ticket'),
      )
    await carrier.mailbox.put([{ ...put(box), ticket: good }])
    expect(await count(box)).toBe(1)
  })

  it('end when the owner names another key', async () => {
    const box = await withCapabilities()
    const ticket = grant(box, 0)
    await carrier.mailbox.put([{ ...put(box), ticket }])
    const next = crypto.ed25519.generate()
    await carrier.terms.set(box, { accepts: ['capability'], capabilityKey: next.publicKey })
    await expect(carrier.mailbox.put([{ ...put(box), ticket }])).rejects.toMatchObject(rejects('bad-ticket'))
  })

  it('hostile 38: who stuffs a box with his own leaves room for those of others', async () => {
    const box = await withCapabilities()
    const stuffer = grant(box, 10)
    const puts = Array.from({ length: 100 }, () => carrier.mailbox.put([{ ...put(box), ticket: stuffer }]))
    const stuffing = Promise.allSettled(puts)
    const honest = await fixture.connect()
    await honest.mailbox.put([{ ...put(box), ticket: grant(box, 1) }])
    const results = await stuffing
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
    expect(await count(box)).toBe(11)
  })
})

describe('work', () => {
  const options = { bits: WORK_BITS, sha256: crypto.sha256, clock: systemClock }

  async function withWork(workBits = 0): Promise<BoxKey> {
    const box = newBox()
    await carrier.terms.set(box, { accepts: ['work'], workBits })
    return box
  }

  it('lets in the frame it was done for', async () => {
    const box = await withWork()
    const item = put(box)
    const ticket = await workTicket(item, options)
    await carrier.mailbox.put([{ ...item, ticket }])
    await carrier.mailbox.put([{ ...item, ticket }])
    expect(await count(box)).toBe(1)
  })

  it('hostile 8: is worth nothing for another frame, id, box or day, and too little where more is asked for', async () => {
    const box = await withWork()
    const hard = await withWork(40)
    const item = put(box)
    const ticket = await workTicket(item, options)
    const yesterday = { ...systemClock, now: () => Date.now() - 3 * DAY }
    const wrong = [
      { ...item, ticket, frame: crypto.randomBytes(128) },
      { ...item, ticket, id: crypto.randomBytes(16) },
      { ...item, ticket, box: hard.id },
      { ...item, ticket: await workTicket(item, { ...options, clock: yesterday }) },
      { ...item, ticket: { kind: 'work', bytes: new Uint8Array(12) } as const },
      { ...item, ticket: { kind: 'work', bytes: new Uint8Array(11) } as const },
    ]
    for (const one of wrong)
      await expect(carrier.mailbox.put([one])).rejects.toMatchObject(rejects('bad-ticket'))
    expect(await count(box)).toBe(0)
  })

  it('is done only where a carrier is asked for a ticket', async () => {
    const box = await withWork()
    await expect(carrier.mailbox.put([put(box)])).rejects.toMatchObject(rejects('ticket-needed'))
    const working = await fixture.connect({ ticketFor: (item) => workTicket(item, options) })
    await working.mailbox.put([put(box), put(box)])
    expect(await count(box)).toBe(2)
  })

  it('stops when it is told to', async () => {
    const stop = new AbortController()
    const working = workTicket(put(newBox()), { ...options, bits: 40, signal: stop.signal })
    stop.abort()
    await expect(working).rejects.toMatchObject({ code: 'core/aborted' })
  })
})

describe('a relay that asks for tickets', () => {
  it('takes nothing plainly, and says what it takes', async () => {
    const strict = await startFixture({ limits: { workBits: WORK_BITS }, accepts: ['work', 'payment'] })
    try {
      const client = await strict.connect()
      expect((await client.describe()).tickets).toEqual(['work'])
      const item = put(newBox())
      await expect(client.mailbox.put([item])).rejects.toMatchObject(rejects('ticket-needed'))
      const ticket = await workTicket(item, { bits: WORK_BITS, sha256: crypto.sha256, clock: systemClock })
      await client.mailbox.put([{ ...item, ticket }])
    } finally {
      await strict.dispose()
    }
  })

  it('hostile 15: limits how many tickets one connection has it verify, and says how long to wait', async () => {
    const slow = await startFixture({ limits: { costlyBurst: 5, costlyPerSecond: 1 } })
    try {
      const client = await slow.connect()
      const box = newBox()
      const ticket: Ticket = { kind: 'capability', bytes: new Uint8Array(92) }
      const puts = Array.from({ length: 8 }, () => client.mailbox.put([{ ...put(box), ticket }]))
      const codes = (await Promise.allSettled(puts)).map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string; retryAfterMs?: number }) : undefined,
      )
      const limited = codes.filter((error) => error?.code === 'relay-carrier/rate-limited')
      expect(limited.length).toBeGreaterThanOrEqual(3)
      for (const error of limited) expect(error?.retryAfterMs).toBeGreaterThan(0)
    } finally {
      await slow.dispose()
    }
  })
})
