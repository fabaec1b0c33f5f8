import type { Carrier, CarrierTraits, Mailbox, MailboxPut, Nearness, PutOptions } from '@hyphae/core'
import { isHyphaeError, silentLogger } from '@hyphae/core'
import { virtualClock } from '@hyphae/testkit'
import { memoryNetwork, selector, TransportError } from '@hyphae/transport'
import { describe, expect, test } from 'vitest'
import { memoryCarrier, numberOf, plainBox, put, turn } from './carriers.js'

const BOX = plainBox(1)
const traits: CarrierTraits = {
  mtu: 4096,
  bandwidthBps: 1_000_000,
  latencyMs: 10,
  reliable: true,
  ordered: true,
  metered: false,
  privacy: 'relayed',
}

interface Fake {
  readonly carrier: Carrier
  /** Items of each put, by number. */
  readonly puts: number[][]
  readonly signals: (AbortSignal | undefined)[]
}

type Answer = (items: readonly MailboxPut[], options?: PutOptions) => Promise<void>

/** A carrier that answers as told; a link where it is near somewhere. */
function fake(
  name: string,
  answer: Answer,
  more: Partial<CarrierTraits> = {},
  near?: () => Nearness | undefined,
): Fake {
  const puts: number[][] = []
  const signals: (AbortSignal | undefined)[] = []
  const nothing = async function* () {}
  const mailbox: Mailbox = {
    put: async (items, options) => {
      puts.push(items.map(({ id }) => new DataView(id.buffer, id.byteOffset).getUint32(0)))
      signals.push(options?.signal)
      await answer(items, options)
    },
    fetch: async () => [],
    watch: nothing,
    ...(near && {
      reach: () => {
        const nearness = near()
        return nearness && { peer: 'them', nearness }
      },
    }),
  }
  const close = async (): Promise<void> => {}
  const carrier = { name, traits: { ...traits, ...more }, mailbox, close, [Symbol.asyncDispose]: close }
  return { carrier, puts, signals }
}

const stores: Answer = async () => {}
const fails: Answer = async () => {
  throw new TransportError('transport/lost')
}
const refuses: Answer = async () => {
  throw new TransportError('transport/bad-frame')
}
/** Until the signal. */
const hangs: Answer = (_, options) =>
  new Promise((_resolve, reject) => {
    options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
  })

function choose(fakes: readonly Fake[], options: Parameters<typeof selector>[1] = {}) {
  const clock = virtualClock()
  const made = selector(
    fakes.map(({ carrier }) => carrier),
    { clock, logger: silentLogger, random: () => 0.5, ...options },
  )
  return { clock, carrier: made, mailbox: made.mailbox as Mailbox }
}

async function settled(promise: Promise<unknown>): Promise<'open' | 'done' | string> {
  for (let count = 0; count < 5; count++) await turn()
  return Promise.race([
    promise.then(
      () => 'done',
      (error: unknown) => (isHyphaeError(error) ? error.code : String(error)),
    ),
    turn().then(() => 'open'),
  ])
}

describe('what may take a frame', () => {
  test('only carriers that are fast, wide and private enough are used', async () => {
    const thin = fake('thin', stores, { bandwidthBps: 1_000, mtu: 512, privacy: 'two-hop' })
    const wide = fake('wide', stores, { bandwidthBps: 1_000_000, privacy: 'direct' })
    const { mailbox, carrier } = choose([thin, wide])
    await mailbox.put([put(BOX, 1)], { minBandwidthBps: 10_000 })
    expect([thin.puts, wide.puts]).toEqual([[], [[1]]])
    await mailbox.put([put(BOX, 2)], { privacy: 'bucketed' })
    expect([thin.puts, wide.puts]).toEqual([[[2]], [[1]]])
    await mailbox.put([{ ...put(BOX, 3), frame: new Uint8Array(2048) }])
    expect([thin.puts, wide.puts]).toEqual([[[2]], [[1], [3]]])
    await expect(
      mailbox.put([put(BOX, 4)], { minBandwidthBps: 10_000, privacy: 'relayed' }),
    ).rejects.toMatchObject({
      code: 'transport/no-route',
      retryable: true,
    })
    expect(carrier.meets({ minBandwidthBps: 10_000 })).toBe(true)
    expect(carrier.meets({ minBandwidthBps: 10_000, privacy: 'relayed' })).toBe(false)
  })

  test('a photo for fast carriers never touches a slow one, and its blobs neither', async () => {
    const slow = { ...(await memoryCarrier()), traits: { ...traits, bandwidthBps: 1_000 } }
    const quick = await memoryCarrier()
    const blobs = selector([slow, quick]).blobs
    const blob = { hash: new Uint8Array(32).fill(7), data: new Uint8Array(10) }
    await blobs?.put([blob], { minBandwidthBps: 10_000 })
    expect(await slow.blobs?.has([blob.hash])).toEqual([false])
    expect(await quick.blobs?.has([blob.hash])).toEqual([true])
    await expect(selector([slow]).blobs?.put([blob], { minBandwidthBps: 10_000 })).rejects.toMatchObject({
      code: 'transport/no-route',
    })
  })

  test('a malformed frame reaches nobody', async () => {
    const one = fake('one', stores)
    const { mailbox } = choose([one])
    await expect(mailbox.put([{ ...put(BOX, 1), frame: new Uint8Array(5) }])).rejects.toMatchObject({
      code: 'transport/bad-frame',
    })
    expect(one.puts).toEqual([])
  })
})

describe('in which order', () => {
  test('a peer on this machine comes before one in the network, before one afar, before a mailbox', async () => {
    const relay = fake('relay', stores)
    const far = fake('far', stores, {}, () => 'proxied')
    const direct = fake('direct', stores, {}, () => 'direct')
    const lan = fake('lan', stores, {}, () => 'network')
    const unix = fake('unix', stores, {}, () => 'machine')
    const { carrier, mailbox } = choose([relay, far, direct, lan, unix])
    expect(carrier.routes(BOX.id).map(({ name }) => name)).toEqual(['unix', 'lan', 'direct', 'far', 'relay'])
    await mailbox.put([put(BOX, 1)])
    expect([relay, far, direct, lan].flatMap(({ puts }) => puts)).toEqual([])
    expect(unix.puts).toEqual([[1]])
  })

  test('of equally near ones the faster by measure, and what costs money last', async () => {
    const wait =
      (ms: number): Answer =>
      (_, options) =>
        chosen.clock.sleep(ms, options?.signal)
    const slow = fake('slow', wait(80), {}, () => 'direct')
    const quick = fake('quick', wait(5), {}, () => 'direct')
    const dear = fake('dear', stores, { metered: true, latencyMs: 0 }, () => 'direct')
    const chosen = choose([dear, slow, quick])
    const order = (): string[] => chosen.carrier.routes(BOX.id).map(({ name }) => name)
    expect(order()).toEqual(['slow', 'quick', 'dear'])
    for (let round = 0; round < 3; round++) {
      const done = chosen.mailbox.put([put(BOX, round)])
      await turn()
      await chosen.clock.advance(100)
      await done
    }
    expect(order()).toEqual(['quick', 'slow', 'dear'])
    expect([slow.puts.length, quick.puts.length, dear.puts.length]).toEqual([1, 2, 0])
    expect(chosen.carrier.routes(BOX.id)[0]?.latencyMs).toBe(5)
  })

  test('a way that failed comes last, until that is long ago', async () => {
    const unix = fake('unix', fails, {}, () => 'machine')
    const relay = fake('relay', stores)
    const { mailbox, carrier, clock } = choose([unix, relay])
    await mailbox.put([put(BOX, 1)])
    expect([unix.puts.length, relay.puts.length]).toEqual([1, 1])
    expect(carrier.routes(BOX.id).map(({ name, failing }) => [name, failing])).toEqual([
      ['relay', false],
      ['unix', true],
    ])
    await mailbox.put([put(BOX, 2)])
    expect([unix.puts.length, relay.puts.length]).toEqual([1, 2])
    await clock.advance(31_000)
    await mailbox.put([put(BOX, 3)])
    expect([unix.puts.length, relay.puts.length]).toEqual([2, 3])
  })
})

describe('a race', () => {
  test('the second starts when the first is late, and what it stores is stored', async () => {
    const unix = fake('unix', hangs, {}, () => 'machine')
    const relay = fake('relay', stores)
    const { mailbox, clock, carrier } = choose([unix, relay])
    const stored: number[] = []
    const done = mailbox.put([put(BOX, 1), put(BOX, 2)], { stored: (index) => stored.push(index) })
    expect(await settled(done)).toBe('open')
    expect(relay.puts).toEqual([])
    await clock.advance(700)
    await done
    expect(relay.puts).toEqual([[1, 2]])
    expect(stored).toEqual([0, 1])
    expect(unix.signals[0]?.aborted).toBe(true)
    await turn()
    expect(carrier.routes(BOX.id).map(({ name }) => name)).toEqual(['relay', 'unix'])
  })

  test('a link that answers in time is alone: the relay hears nothing', async () => {
    const unix = fake('unix', stores, {}, () => 'machine')
    const relay = fake('relay', stores)
    const { mailbox, clock } = choose([unix, relay])
    for (let index = 0; index < 5; index++) await mailbox.put([put(BOX, index)])
    await clock.advance(60_000)
    expect([unix.puts.length, relay.puts.length]).toEqual([5, 0])
  })

  test('only what the first has not stored goes to the second', async () => {
    const half: Answer = (items, options) => {
      options?.stored?.(0)
      return hangs(items, options)
    }
    const unix = fake('unix', half, {}, () => 'machine')
    const relay = fake('relay', stores)
    const { mailbox, clock } = choose([unix, relay])
    const stored: number[] = []
    const done = mailbox.put([put(BOX, 1), put(BOX, 2)], { stored: (index) => stored.push(index) })
    await turn()
    expect(stored).toEqual([0])
    await clock.advance(700)
    await done
    expect(relay.puts).toEqual([[2]])
    expect(stored).toEqual([0, 1])
  })

  test('bulk waits for a failure, urgent for nobody', async () => {
    const unix = fake('unix', hangs, {}, () => 'machine')
    const relay = fake('relay', stores)
    const { mailbox, clock } = choose([unix, relay])
    const stop = new AbortController()
    const patient = mailbox.put([put(BOX, 1)], { priority: 'bulk', signal: stop.signal })
    patient.catch(() => {})
    await turn()
    await clock.advance(60_000)
    expect(relay.puts).toEqual([])
    stop.abort(new Error('enough'))
    expect(await settled(patient)).not.toBe('open')
    await mailbox.put([put(BOX, 2)], { priority: 'urgent' })
    expect(relay.puts.at(-1)).toEqual([2])
  })

  test('a peer who is away is not waited for where there is a mailbox, and is where there is none', async () => {
    const away = fake('away', hangs, {}, () => undefined)
    const relay = fake('relay', stores)
    await choose([away, relay]).mailbox.put([put(BOX, 1)])
    expect([away.puts.length, relay.puts.length]).toEqual([0, 1])
    const alone = choose([away])
    const done = alone.mailbox.put([put(BOX, 2)])
    done.catch(() => {})
    expect(await settled(done)).toBe('open')
    expect(away.puts).toEqual([[2]])
    expect(alone.mailbox.reach?.(BOX.id)).toBeUndefined()
  })

  test('a mailbox that is late is not waited for when a peer comes meanwhile', async () => {
    let comes = (): void => {}
    const coming = new Promise<void>((resolve) => {
      comes = resolve
    })
    const away = fake(
      'away',
      () => coming,
      {},
      () => undefined,
    )
    const relay = fake('relay', hangs)
    const { mailbox, clock } = choose([away, relay])
    const done = mailbox.put([put(BOX, 1)])
    await turn()
    expect([away.puts.length, relay.puts.length]).toEqual([0, 1])
    await clock.advance(700)
    comes()
    await done
    expect(away.puts).toEqual([[1]])
  })

  test('items for peers and items for mailboxes go their own ways in one put', async () => {
    const there = plainBox(2)
    const link = fake('link', stores, {}, () => 'machine')
    const reach: Mailbox['reach'] = (box) =>
      box[0] === 2 ? { peer: 'them', nearness: 'machine' } : undefined
    const mailboxOf = link.carrier.mailbox as Mailbox
    const partial: Fake = { ...link, carrier: { ...link.carrier, mailbox: { ...mailboxOf, reach } } }
    const relay = fake('relay', stores)
    const { mailbox } = choose([partial, relay])
    const stored: number[] = []
    await mailbox.put([put(BOX, 1), put(there, 2), put(BOX, 3)], { stored: (index) => stored.push(index) })
    expect([link.puts, relay.puts]).toEqual([[[2]], [[1, 3]]])
    expect(stored.sort()).toEqual([0, 1, 2])
  })
})

describe('several mailboxes', () => {
  test('all get the frame, the first that stores it decides, and the others go on', async () => {
    let release = (): void => {}
    const slow = fake('slow', () => new Promise((resolve) => (release = resolve)))
    const quick = fake('quick', stores)
    const { mailbox } = choose([slow, quick])
    await mailbox.put([put(BOX, 1)])
    expect([slow.puts, quick.puts]).toEqual([[[1]], [[1]]])
    expect(slow.signals[0]?.aborted ?? false).toBe(false)
    release()
  })

  test('with one copy they are raced like links', async () => {
    const slow = fake('slow', hangs)
    const quick = fake('quick', stores, { latencyMs: 20 })
    const { mailbox, clock } = choose([slow, quick], { copies: 1 })
    const done = mailbox.put([put(BOX, 1)])
    await turn()
    expect([slow.puts.length, quick.puts.length]).toEqual([1, 0])
    await clock.advance(700)
    await done
    expect(quick.puts).toEqual([[1]])
  })

  test('all failed: one error for all, and what none will ever do keeps its name', async () => {
    const both = [fake('one', fails), fake('two', fails)]
    await expect(choose(both).mailbox.put([put(BOX, 1)])).rejects.toMatchObject({
      code: 'transport/all-failed',
      retryable: true,
    })
    const never = [fake('one', refuses), fake('two', refuses)]
    await expect(choose(never).mailbox.put([put(BOX, 1)])).rejects.toMatchObject({ retryable: false })
  })

  test('a link that does not answer is not waited for once every mailbox has failed', async () => {
    const unix = fake('unix', hangs, {}, () => 'machine')
    const { mailbox, clock } = choose([unix, fake('relay', fails)])
    const done = mailbox.put([put(BOX, 1)])
    done.catch(() => {})
    await turn()
    await clock.advance(700)
    expect(await settled(done)).toBe('open')
    await clock.advance(11_000)
    expect(await settled(done)).toBe('transport/all-failed')
  })

  test('what is read comes from all of them, once', async () => {
    const nets = [memoryNetwork(), memoryNetwork()]
    const join = async (): Promise<Mailbox> => {
      const joined = await Promise.all(
        nets.map((net) => net()({ clock: virtualClock(), logger: silentLogger })),
      )
      return selector(joined).mailbox as Mailbox
    }
    const [near, far] = [await join(), await join()]
    await near.put([put(BOX, 1), put(BOX, 2)])
    await turn()
    expect((await far.fetch(BOX)).map(numberOf)).toEqual([1, 2])
  })
})

test('nothing to choose from is refused', () => {
  expect(() => selector([])).toThrow(TransportError)
})
