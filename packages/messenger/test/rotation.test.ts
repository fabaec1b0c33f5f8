/** Boxes that follow each other: mail is found at every turn, whatever clocks show and however long someone sleeps. */
import { type Clock, type MailboxPut, type Store, toHex } from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { memoryNetwork } from '@hyphae/transport'
import { describe, expect, it } from 'vitest'
import { homeOf } from '../src/boxes.js'
import type { Messenger } from '../src/index.js'
import { INTRO_CLOSE_AFTER_MS, INTRO_EPOCH_MS, UPKEEP_INTERVAL_MS } from '../src/limits.js'
import { boxesTable } from '../src/rows.js'
import {
  type MovableClock,
  movableClock,
  next,
  nextTexts,
  openNode,
  survivingStore,
  tapped,
} from './nodes.js'

const DAY_MS = 24 * 60 * 60 * 1000
const YEAR_MS = 365 * DAY_MS

/** A pair that has met, and what each of them has put since. */
async function pair(clocks: { readonly alice: Clock; readonly bob: Clock }, disk?: Store) {
  const net = memoryNetwork()
  const puts = { alice: [] as MailboxPut[], bob: [] as MailboxPut[] }
  const alice = await openNode(tapped(net(), puts.alice), { clock: clocks.alice })
  const bob = await openNode(tapped(net(), puts.bob), { clock: clocks.bob, ...(disk && { store: disk }) })
  await say(alice, bob, 'hello')
  await say(bob, alice, 'hello too')
  puts.alice.length = 0
  puts.bob.length = 0
  return { net, puts, alice, bob }
}

async function say(from: Messenger, to: Messenger, text: string): Promise<void> {
  await (await from.conversation(to.id)).send(text)
  expect((await next(to)).text).toBe(text)
}

function boxesOf(puts: readonly MailboxPut[]): Set<string> {
  return new Set(puts.map(({ box }) => toHex(box)))
}

async function ownBoxes(store: Store, kind: 'session' | 'intro'): Promise<Uint8Array[]> {
  const rows = await boxesTable.list(store, [])
  return rows.filter(({ row }) => row.kind === kind).map(({ parts }) => parts[0] as Uint8Array)
}

describe('boxes of a session', () => {
  it('change every day for those who talk, and few are read', async () => {
    const clock = movableClock()
    const disk = survivingStore(memoryStore())
    const { alice, bob, puts } = await pair({ alice: clock, bob: clock }, disk)
    const perDay: Set<string>[] = []
    for (let day = 0; day < 12; day++) {
      clock.forward(DAY_MS)
      puts.alice.length = 0
      await say(alice, bob, `a${day}`)
      await say(bob, alice, `b${day}`)
      await alice.flush()
      perDay.push(boxesOf(puts.alice))
    }
    const all = new Set(perDay.flatMap((boxes) => [...boxes]))
    expect(all.size).toBeGreaterThanOrEqual(12)
    expect(perDay.every((boxes) => boxes.size <= 2)).toBe(true)
    await bob.close()
    // The first upkeep of a new life closes what is replaced and empty.
    await openNode(memoryNetwork()(), { clock, store: disk })
    await until(async () => (await ownBoxes(disk, 'session')).length <= 6)
  })

  it('hold what waits for one that sleeps for thirty days', async () => {
    const clock = movableClock()
    const disk = survivingStore(memoryStore())
    const { net, alice, bob, puts } = await pair({ alice: clock, bob: clock }, disk)
    await bob.close()
    puts.alice.length = 0
    const chat = await alice.conversation(bob.id)
    const sent: string[] = []
    for (let day = 3; day <= 30; day += 3) {
      clock.forward(3 * DAY_MS)
      await chat.send(`day ${day}`)
      sent.push(`day ${day}`)
    }
    await alice.flush()
    expect(boxesOf(puts.alice).size).toBeGreaterThan(1)
    const again = await openNode(net(), { clock, store: disk })
    expect(new Set(await nextTexts(again, sent.length))).toEqual(new Set(sent))
  })

  it('are all still read when frames come days after later ones could be sent', async () => {
    const clocks = { alice: movableClock(), bob: movableClock() }
    const { alice, bob } = await pair(clocks)
    const chat = await alice.conversation(bob.id)
    // Sealed for the box of the day, and turned since by one of the two clocks alone.
    for (let day = 0; day < 8; day++) {
      await Promise.all([chat.send(`x${day}`), chat.send(`y${day}`)])
      clocks.alice.forward(DAY_MS)
      if (day % 3 === 0) clocks.bob.forward(5 * DAY_MS)
      await (await bob.conversation(alice.id)).send(`z${day}`)
    }
    expect((await nextTexts(bob, 16)).length).toBe(16)
    expect((await nextTexts(alice, 8)).length).toBe(8)
  })

  it('hostile 48: clocks ten years ahead or back, and jumping, lose no mail', async () => {
    const clocks = { alice: movableClock(), bob: movableClock() }
    const { alice, bob } = await pair(clocks)
    const jump = async (clock: MovableClock, ms: number, name: string): Promise<void> => {
      clock.forward(ms)
      for (const turn of [1, 2]) {
        await say(alice, bob, `${name} ${turn} from alice`)
        await say(bob, alice, `${name} ${turn} from bob`)
      }
    }
    await jump(clocks.alice, 10 * YEAR_MS, 'alice ahead')
    await jump(clocks.bob, -10 * YEAR_MS, 'bob back')
    await jump(clocks.alice, -20 * YEAR_MS, 'alice back')
    await jump(clocks.bob, 20 * YEAR_MS, 'bob ahead')
    await jump(clocks.alice, 10 * YEAR_MS, 'alice right again')
  })

  it('hostile 48: a clock that jumps while its node sleeps closes no box with mail in it', async () => {
    const clock = movableClock()
    const disk = survivingStore(memoryStore())
    const { net, alice, bob } = await pair({ alice: movableClock(), bob: clock }, disk)
    await (await alice.conversation(bob.id)).send('before')
    expect((await next(bob)).text).toBe('before')
    await bob.close()
    for (const text of ['one', 'two']) await (await alice.conversation(bob.id)).send(text)
    await alice.flush()
    clock.forward(10 * YEAR_MS)
    const again = await openNode(net(), { clock, store: disk })
    expect(await nextTexts(again, 2)).toEqual(['one', 'two'])
    clock.forward(-20 * YEAR_MS)
    await say(alice, again, 'three')
  })
})

describe('the intro box', () => {
  it('changes every week, at the same home, and the old one is read on', async () => {
    const clock = movableClock()
    const disk = survivingStore(memoryStore())
    const net = memoryNetwork()
    const puts: MailboxPut[] = []
    const bob = await openNode(net(), { clock, store: disk })
    // Has the first certificate, and writes to it later.
    const early = await openNode(tapped(net(), puts), { clock: movableClock() })
    const chat = await early.conversation(bob.id)
    const [first] = await ownBoxes(disk, 'intro')
    await bob.close()
    clock.forward(INTRO_EPOCH_MS)
    const again = await openNode(net(), { clock, store: disk })
    await until(async () => (await ownBoxes(disk, 'intro')).length === 2)
    const [one, other] = await ownBoxes(disk, 'intro')
    expect(homeOf(one as Uint8Array)).toBe(homeOf(other as Uint8Array))
    await chat.send('by the old certificate')
    expect((await next(again)).text).toBe('by the old certificate')
    expect(toHex(puts[0]?.box as Uint8Array)).toBe(toHex(first as Uint8Array))
    const later: MailboxPut[] = []
    const stranger = await openNode(tapped(net(), later), { clock })
    await (await stranger.conversation(again.id)).send('by the new certificate')
    expect((await next(again)).text).toBe('by the new certificate')
    expect(boxesOf(later).has(toHex(first as Uint8Array))).toBe(false)
    await again.close()
    clock.forward(INTRO_CLOSE_AFTER_MS + UPKEEP_INTERVAL_MS)
    await openNode(net(), { clock, store: disk })
    await until(
      async () => !(await ownBoxes(disk, 'intro')).some((box) => toHex(box) === toHex(first as Uint8Array)),
    )
  })

  it('a device met by an old and a new certificate stays one device', async () => {
    const clock = movableClock()
    const disk = survivingStore(memoryStore())
    const net = memoryNetwork()
    const puts: MailboxPut[] = []
    const alice = await openNode(tapped(net(), puts), { clock })
    const bob = await openNode(net(), { clock, store: disk })
    await say(bob, alice, 'one')
    await bob.close()
    clock.forward(INTRO_EPOCH_MS)
    const again = await openNode(net(), { clock, store: disk })
    await say(again, alice, 'two')
    await alice.flush()
    puts.length = 0
    await say(alice, again, 'three')
    await alice.flush()
    expect(puts.length).toBeLessThanOrEqual(2)
  })
})

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('it did not come about')
}
