/** The boxes of a group's members follow each other: mail is found at every turn, whatever clocks show and who sleeps. */
import {
  type Clock,
  type GroupId,
  type MailboxPut,
  type Store,
  systemClock,
  type Transport,
  toHex,
} from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { memoryNetwork } from '@hyphae/transport'
import { describe, expect, it, vi } from 'vitest'
import { homeOf } from '../src/boxes.js'
import { groupBoxContent } from '../src/control.js'
import type { Group } from '../src/conversation.js'
import { earlyFramesTable, groupLogTable, groupTurnsTable, memberBoxesTable } from '../src/group-rows.js'
import type { Messenger, MessengerOptions } from '../src/index.js'
import { GROUP_BOX_TRUST_MS, INTRO_CLOSE_AFTER_MS, INTRO_EPOCH_MS, READER_BITS } from '../src/limits.js'
import { boxesTable, selfTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import {
  collectEvents,
  eventOf,
  groupBy,
  type MovableClock,
  movableClock,
  next,
  nextTexts,
  openNode,
  survivingStore,
  tapped,
  until,
} from './nodes.js'

const DAY_MS = 24 * 60 * 60 * 1000
const YEAR_MS = 365 * DAY_MS

/** Upkeep, which waits in the background for an hour, finds soon that it is over. */
function eager(): MovableClock {
  const clock = movableClock()
  const sleep: Clock['sleep'] = (ms, signal, background) =>
    systemClock.sleep(background ? Math.min(ms, 40) : ms, signal, background)
  return { ...clock, sleep }
}

interface Seat {
  node: Messenger
  readonly disk: Store
  readonly puts: MailboxPut[]
  readonly clock: MovableClock
}

async function seat(
  transport: Transport,
  clock: MovableClock,
  options: Partial<MessengerOptions> = {},
): Promise<Seat> {
  const [disk, puts] = [survivingStore(memoryStore()), [] as MailboxPut[]]
  const node = await openNode(tapped(transport, puts), { clock, store: disk, ...options })
  return { node, disk, puts, clock }
}

async function found(admin: Seat, members: readonly Seat[]): Promise<Group> {
  const joins = Promise.all(members.map(({ node }) => eventOf(node, 'group-joined')))
  const group = await groupBy(admin.node, { name: 'circle', members: members.map(({ node }) => node.id) })
  await joins
  return group
}

/** Ada, the admin, Ben and Cleo; what Ben got last was mail, so that he turns when it is time. */
async function three(clocks: readonly MovableClock[] = []) {
  const net = memoryNetwork()
  const shared = eager()
  const [ada, ben, cleo] = (await Promise.all(
    [0, 1, 2].map((index) => seat(net(), clocks[index] ?? shared)),
  )) as [Seat, Seat, Seat]
  const group = await found(ada, [ben, cleo])
  return { net, clock: shared, ada, ben, cleo, group, id: group.id }
}

/** Three that have talked; what Ada puts can be held back. */
async function withHeldMail() {
  const net = memoryNetwork()
  const clock = eager()
  const holding = {
    held: [] as MailboxPut[],
    holds: (_put: MailboxPut): boolean => false,
    release: async (): Promise<void> => {},
  }
  const transport: Transport = async (components) => {
    const carrier = await net()(components)
    const mailbox = carrier.mailbox
    if (mailbox === undefined) throw new Error('the network has mailboxes')
    holding.release = () => mailbox.put(holding.held.splice(0))
    const put: typeof mailbox.put = async (items, options) => {
      holding.held.push(...items.filter((item) => holding.holds(item)))
      await mailbox.put(
        items.filter((item) => !holding.holds(item)),
        options,
      )
    }
    return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } }
  }
  const ada = await seat(transport, clock)
  const [ben, cleo] = [await seat(net(), clock), await seat(net(), clock)]
  const group = await found(ada, [ben, cleo])
  await say(ada, group.id, 'before', ben, cleo)
  return { net, clock, ada, ben, cleo, group, holding }
}

async function say(from: Seat, id: GroupId, text: string, ...to: readonly Seat[]): Promise<void> {
  await (await from.node.group(id)).send(text)
  for (const { node } of to) expect((await next(node)).text).toBe(text)
}

async function turnsOf({ disk }: Seat, id: GroupId): Promise<number> {
  return (await groupTurnsTable.get(disk, id))?.number ?? 0
}

/** The number of the box by which `who` knows `whom`. */
async function known(who: Seat, whom: Seat, id: GroupId): Promise<number> {
  return (await memberBoxesTable.get(who.disk, id, whom.node.deviceId))?.number ?? 0
}

async function groupBoxes({ disk }: Seat): Promise<Set<string>> {
  const rows = await boxesTable.list(disk, [])
  return new Set(
    rows.filter(({ row }) => row.kind === 'group').map(({ parts }) => toHex(parts[0] as Uint8Array)),
  )
}

async function inUse({ disk }: Seat, id: GroupId): Promise<string> {
  return toHex((await groupTurnsTable.get(disk, id))?.open.at(-1)?.box as Uint8Array)
}

function written({ puts }: Seat): Set<string> {
  return new Set(puts.map(({ box }) => toHex(box)))
}

/** A day goes by, and the one that has mail turns; the others hear of it. */
async function turn(whom: Seat, id: GroupId, ...others: readonly Seat[]): Promise<void> {
  const number = (await turnsOf(whom, id)) + 1
  whom.clock.forward(DAY_MS)
  await until(async () => (await turnsOf(whom, id)) === number)
  for (const other of others) await until(async () => (await known(other, whom, id)) === number)
}

describe('boxes of a group', () => {
  it('change once a day where there is mail, at home, and what crosses a turn is read', async () => {
    const { clock, ada, ben, cleo, id } = await three()
    const seats = [ada, ben, cleo]
    const days = 4
    await Promise.all(seats.map(async ({ node }, one) => (await node.group(id)).send(`first by ${one}`)))
    for (const { node } of seats) await nextTexts(node, 2)
    for (let day = 0; day < days; day++) {
      const sending = seats.map(async ({ node }, one) => (await node.group(id)).send(`${day} by ${one}`))
      clock.forward(DAY_MS)
      await Promise.all(sending)
      for (const one of seats) await until(async () => (await turnsOf(one, id)) === day + 1)
      for (const [index, { node }] of seats.entries()) {
        const others = [0, 1, 2].filter((one) => one !== index).map((one) => `${day} by ${one}`)
        expect(new Set(await nextTexts(node, 2))).toEqual(new Set(others))
      }
    }
    for (const one of seats) {
      const homes = (await groupTurnsTable.get(one.disk, id))?.open.map(({ box }) => homeOf(box)) ?? []
      const intro = (await boxesTable.list(one.disk, [])).find(({ row }) => row.kind === 'intro')
      expect(new Set(homes)).toEqual(new Set([homeOf(intro?.parts[0] as Uint8Array)]))
    }
    const writtenToBen = [...(await groupBoxes(ben))].filter((box) => written(ada).has(box))
    expect(writtenToBen.length).toBeGreaterThanOrEqual(days)
    expect((await (await ada.node.group(id)).history()).map(({ type }) => type)).toEqual(
      Array.from({ length: 3 * (days + 1) }, () => 'text'),
    )
  })

  it('do not change where there is no mail: one announcement calls for no other', async () => {
    const { clock, ada, ben, cleo, id } = await three()
    await say(ada, id, 'once', ben, cleo)
    await turn(ben, id, ada, cleo)
    await until(async () => (await turnsOf(cleo, id)) === 1)
    // Upkeep has come by twice when the intro box has: in between it has looked at the groups.
    for (let week = 0; week < 2; week++) {
      const since = (await selfTable.get(ada.disk))?.introSince
      clock.forward(INTRO_EPOCH_MS)
      await until(async () => (await selfTable.get(ada.disk))?.introSince !== since)
    }
    expect([await turnsOf(ada, id), await turnsOf(ben, id), await turnsOf(cleo, id)]).toEqual([0, 1, 1])
  })

  it('stay open for one that sleeps for thirty days, and for what it writes then', async () => {
    const { net, clock, ada, ben, cleo, id } = await three()
    await say(ada, id, 'before', ben, cleo)
    await turn(ben, id, ada, cleo)
    const first = await inUse(ben, id)
    await cleo.node.close()
    const sent: string[] = []
    for (let day = 3; day <= 30; day += 3) {
      await say(ada, id, `ada ${day}`, ben)
      await say(ben, id, `ben ${day}`, ada)
      clock.forward(3 * DAY_MS)
      await until(async () => (await turnsOf(ben, id)) === 1 + day / 3)
      sent.push(`ada ${day}`, `ben ${day}`)
    }
    cleo.puts.length = 0
    cleo.node = await openNode(tapped(net(), cleo.puts), { clock, store: cleo.disk })
    await (await cleo.node.group(id)).send('awake')
    expect((await next(ada.node)).text).toBe('awake')
    expect((await next(ben.node)).text).toBe('awake')
    expect((await groupBoxes(ben)).has(first)).toBe(true)
    expect(new Set(await nextTexts(cleo.node, sent.length))).toEqual(new Set(sent))
    await until(async () => (await known(cleo, ben, id)) === (await turnsOf(ben, id)))
  })

  it('are left for those of the credentials by who knows only old ones, and closed when they are empty', async () => {
    const { clock, ada, ben, cleo, id } = await three()
    const credential = [...(await groupBoxes(ben))][0] as string
    await say(ada, id, 'one', ben, cleo)
    await turn(ben, id, ada, cleo)
    const old = await inUse(ben, id)
    ada.puts.length = 0
    await say(ada, id, 'two', ben, cleo)
    expect(written(ada).has(old)).toBe(true)
    expect(written(ada).has(credential)).toBe(false)
    await turn(ben, id, ada, cleo)
    clock.forward(GROUP_BOX_TRUST_MS)
    ada.puts.length = 0
    await say(ada, id, 'three', ben, cleo)
    expect(written(ada).has(credential)).toBe(true)
    clock.forward(INTRO_CLOSE_AFTER_MS)
    await until(async () => !(await groupBoxes(ben)).has(old))
    expect((await groupBoxes(ben)).has(credential)).toBe(true)
    await say(cleo, id, 'four', ada, ben)
  })

  it('are found by one that joins after a turn', async () => {
    const { net, clock, ada, ben, cleo, group, id } = await three()
    await say(ada, id, 'before', ben, cleo)
    await turn(ben, id, ada, cleo)
    const dora = await seat(net(), clock)
    const joins = eventOf(dora.node, 'group-joined')
    await group.add([dora.node.id])
    await joins
    await say(dora, id, 'from dora', ada, ben, cleo)
    await say(ben, id, 'from ben', ada, cleo, dora)
    await turn(ben, id, ada, cleo, dora)
    dora.puts.length = 0
    await say(dora, id, 'by the new box', ada, ben, cleo)
    expect(written(dora).has(await inUse(ben, id))).toBe(true)
  })

  it('keep what came before the commit that it depends on', async () => {
    const { ada, ben, cleo, group, holding } = await withHeldMail()
    holding.holds = () => true
    await group.remove([ben.node.id])
    await ada.node.flush()
    expect(holding.held.length).toBeGreaterThan(0)
    await turn(cleo, group.id, ada)
    holding.holds = () => false
    await group.send('after')
    const waiting = async () =>
      (await groupLogTable.list(cleo.disk, [group.id])).filter(({ parts }) =>
        String(parts[1]).startsWith('early/'),
      )
    await until(async () => (await waiting()).length === 1)
    await holding.release()
    expect((await next(cleo.node)).text).toBe('after')
    expect(await waiting()).toEqual([])
  })

  it('keep what came too early with the box that it lay in', async () => {
    const { net, clock, cleo, group, holding } = await withHeldMail()
    const dora = await seat(net(), clock)
    const cleos = await groupBoxes(cleo)
    holding.holds = ({ box }) => cleos.has(toHex(box))
    const joins = eventOf(dora.node, 'group-joined')
    await group.add([dora.node.id])
    await joins
    await turn(cleo, group.id)
    // Dora knows no epoch before her own, and Cleo not yet hers.
    await (await dora.node.group(group.id)).send('from dora')
    await until(async () => (await earlyFramesTable.list(cleo.disk, [])).length === 1)
    await holding.release()
    expect((await next(cleo.node)).text).toBe('from dora')
    expect((await earlyFramesTable.list(cleo.disk, [])).length).toBe(0)
  })

  it('hostile 48: clocks ten years ahead or back, and jumping, lose no mail', async () => {
    const clocks = [eager(), eager(), eager()]
    const { ada, ben, cleo, id } = await three(clocks)
    const everyone = async (name: string): Promise<void> => {
      await say(ada, id, `${name}: ada`, ben, cleo)
      await say(ben, id, `${name}: ben`, ada, cleo)
      await say(cleo, id, `${name}: cleo`, ada, ben)
    }
    await everyone('right')
    for (const [who, years] of [
      [ada, 10],
      [ben, -10],
      [cleo, 10],
      [ada, -20],
      [ben, 20],
      [cleo, -10],
    ] as const) {
      const before = await turnsOf(who, id)
      who.clock.forward(years * YEAR_MS)
      await everyone(`${years}`)
      await until(async () => (await turnsOf(who, id)) > before)
      // Once: where the clock stands now is where the day is counted from.
      await everyone(`${years} again`)
      expect(await turnsOf(who, id)).toBe(before + 1)
    }
  })

  it('hostile 24: counts only a newer number, a possible key, and the word of the member itself', async () => {
    const { ada, ben, cleo, id } = await three()
    const key = (): Uint8Array => defaultCrypto.ed25519.generate().publicKey
    const [later, box] = [key(), key()]
    const bens = await ben.node.group(id)
    const announce = (body: unknown) => bens.send({ type: groupBoxContent.type, body })
    await announce({ box: later, number: 5 })
    await until(async () => (await known(ada, ben, id)) === 5)
    const before = await memberBoxesTable.list(ada.disk, [])
    await announce({ box, number: 4 })
    await announce({ box, number: 5 })
    // Outside the group nobody has a box there.
    await (await ben.node.conversation(ada.node.id)).send({
      type: groupBoxContent.type,
      body: { box, number: 9 },
    })
    const refused = collectEvents(ada.node, 'refused')
    const { validate } = groupBoxContent
    const bad = [
      { box: box.subarray(1), number: 6 },
      { box: new Uint8Array(32), number: 6 },
      { box: new Uint8Array(32).fill(0xff), number: 6 },
      { box, number: 0 },
      { box, number: 6.5 },
      { box, number: 6, device: cleo.node.deviceId },
    ]
    for (const body of bad) {
      expect(() => groupBoxContent.validate(body)).toThrow()
      // The sender does not look at what it sends; those who read it do.
      const unchecked = vi.spyOn(groupBoxContent, 'validate')
      unchecked.mockImplementation((value) => (value === body ? (body as never) : validate(value)))
      await announce(body)
      unchecked.mockRestore()
    }
    await until(() => refused.length === bad.length)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['content/invalid-body']))
    // Ada sends to where Ben says that he is, which is his own affair; what he says changes nothing for Cleo.
    ada.puts.length = 0
    await (await ada.node.group(id)).send('to all')
    expect((await next(cleo.node)).text).toBe('to all')
    expect(written(ada).has(toHex(later))).toBe(true)
    expect(await memberBoxesTable.list(ada.disk, [])).toEqual(before)
    expect(await (await ada.node.conversation(ben.node.id)).history()).toEqual([])
  })

  it('are all gone when a member leaves, and begin anew when it comes again', async () => {
    const { ada, ben, cleo, group, id } = await three()
    await say(ada, id, 'before', ben, cleo)
    await turn(ben, id, ada, cleo)
    expect((await groupBoxes(ben)).size).toBe(2)
    const left = eventOf(ben.node, 'group-left')
    await (await ben.node.group(id)).leave()
    await left
    expect((await groupBoxes(ben)).size).toBe(0)
    expect(await memberBoxesTable.list(ben.disk, [])).toEqual([])
    await until(async () => (await known(cleo, ben, id)) === 0)
    await until(async () => (await known(ada, ben, id)) === 0)
    const joins = eventOf(ben.node, 'group-joined')
    await group.add([ben.node.id])
    await joins
    await say(ada, id, 'again', ben, cleo)
    await turn(ben, id, ada, cleo)
    expect(await turnsOf(ben, id)).toBe(2)
    await say(cleo, id, 'by the new box', ada, ben)
  })

  it('do not change over thin links, which write to those that do', async () => {
    const net = memoryNetwork()
    const clock = eager()
    const ada = await seat(net(), clock)
    const ben = await seat(net(), clock, { mode: 'thin' })
    const { id } = await found(ada, [ben])
    await say(ada, id, 'to ben', ben)
    await say(ben, id, 'to ada', ada)
    await turn(ada, id, ben)
    ben.puts.length = 0
    await say(ben, id, 'to the new box', ada)
    expect(written(ben).has(await inUse(ada, id))).toBe(true)
    expect(await turnsOf(ben, id)).toBe(0)
  })

  it('change for strict nodes too, which read them by the same bucket', async () => {
    const net = crowdNetwork(READER_BITS + 4)
    const clock = fastClock(20_000)
    const strict = { mode: 'strict', cover: 'off' } as const
    const [ada, ben] = [
      await seat(net.transport(), clock, strict),
      await seat(net.transport(), clock, strict),
    ]
    const { id } = await found(ada, [ben])
    await say(ada, id, 'to ben', ben)
    clock.forward(DAY_MS)
    await until(async () => (await known(ada, ben, id)) > 0)
    await say(ada, id, 'by the new box', ben)
    const box = await inUse(ben, id)
    await until(() => net.stored.some((one) => toHex(one.box) === box) || written(ada).has(box))
    expect(new Set(net.fetches.map(({ prefix }) => prefix)).size).toBeLessThanOrEqual(2)
  })
})
