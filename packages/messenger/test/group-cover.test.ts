/** Cover for groups: boxes of members are written to in slots whether there is something to say or not. */
import {
  type BoxId,
  boxId,
  type GroupId,
  type MailboxPut,
  type Store,
  systemClock,
  toHex,
} from '@hyphae/core'
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import { wholeGroups } from '../src/group-cover.js'
import { groupTurnsTable, thinMembersTable } from '../src/group-rows.js'
import { type Messenger, memoryNetwork } from '../src/index.js'
import { COVERED_GROUP_BOXES, COVERED_MS, DECOYS, OUTBOX_BATCH } from '../src/limits.js'
import { boxesTable } from '../src/rows.js'
import { crowdNetwork, fastClock } from './crowd.js'
import { eventOf, groupBy, next, openNode, survivingStore, tapped, until } from './nodes.js'

const SLOTS = 120
/** Bob's and Carol's boxes are two of ten, and some of six decoys may turn: 24 in the mean, standard deviation 4.4. */
const [FEWEST, MOST] = [6, 44]

interface Seat {
  readonly node: Messenger
  readonly disk: Store
  readonly puts: MailboxPut[]
}

/** Alice, Bob and Carol, strict and with cover, and a group of them in which Alice has spoken; time is theirs. */
async function circle() {
  const net = crowdNetwork(0)
  const clock = fastClock(8_000)
  const [alice, bob, carol] = (await Promise.all(
    [0, 1, 2].map(async (): Promise<Seat> => {
      const [disk, puts] = [survivingStore(memoryStore()), [] as MailboxPut[]]
      const options = { mode: 'strict', cover: 'high', clock, store: disk } as const
      return { disk, puts, node: await openNode(tapped(net.transport(), puts), options) }
    }),
  )) as [Seat, Seat, Seat]
  const members = [bob, carol].map(({ node }) => node)
  const joins = Promise.all(members.map((node) => eventOf(node, 'group-joined')))
  const { id } = await groupBy(alice.node, { name: 'circle', members: members.map((node) => node.id) })
  await joins
  await say(alice, id, 'hello', bob, carol)
  await alice.node.flush()
  return { clock, alice, bob, carol, id }
}

/** They have done their part. */
async function closed(...seats: readonly Seat[]): Promise<void> {
  await Promise.all(seats.map(({ node }) => node.close()))
}

async function say(from: Seat, id: GroupId, text: string, ...to: readonly Seat[]): Promise<void> {
  await (await from.node.group(id)).send(text)
  for (const { node } of to) expect((await next(node)).text).toBe(text)
}

async function groupBoxesOf(...seats: readonly Seat[]): Promise<Set<string>> {
  const rows = await Promise.all(seats.map(({ disk }) => boxesTable.list(disk, [])))
  return new Set(
    rows
      .flat()
      .filter(({ row }) => row.kind === 'group')
      .map(({ parts }) => toHex(parts[0] as Uint8Array)),
  )
}

/** How often each box was written to in the next slots. */
async function countSlots({ puts }: Seat): Promise<Map<string, number>> {
  puts.length = 0
  await until(() => puts.length >= SLOTS)
  const counts = new Map<string, number>()
  for (const { box } of puts.slice(0, SLOTS)) counts.set(toHex(box), (counts.get(toHex(box)) ?? 0) + 1)
  return counts
}

function sumOver(counts: ReadonlyMap<string, number>, boxes: ReadonlySet<string>): number {
  return [...boxes].reduce((sum, box) => sum + (counts.get(box) ?? 0), 0)
}

describe('cover for groups', () => {
  it('writes to members as often when nothing waits as when much does', async () => {
    const { alice, bob, carol, id } = await circle()
    const members = await groupBoxesOf(bob, carol)
    await closed(bob, carol)
    const idle = await countSlots(alice)
    const group = await alice.node.group(id)
    for (let index = 0; index < SLOTS / 4; index++) await group.send(`${index}`)
    const busy = await countSlots(alice)
    for (const counts of [idle, busy]) {
      expect(counts.size).toBeGreaterThanOrEqual(DECOYS + 4)
      expect(sumOver(counts, members)).toBeGreaterThan(FEWEST)
      expect(sumOver(counts, members)).toBeLessThan(MOST)
    }
  })

  it('goes on for a week after this node has written, and then ends; who never wrote sends none', async () => {
    const { clock, alice, bob, carol, id } = await circle()
    const members = await groupBoxesOf(bob, carol)
    expect((await groupTurnsTable.get(bob.disk, id))?.wroteAt).toBe(0)
    expect(sumOver(await countSlots(bob), await groupBoxesOf(alice, carol))).toBe(0)
    await closed(bob, carol)
    expect(sumOver(await countSlots(alice), members)).toBeGreaterThan(FEWEST)
    clock.forward(COVERED_MS)
    await systemClock.sleep(20)
    expect(sumOver(await countSlots(alice), members)).toBe(0)
  })

  it('spares members who send small frames', async () => {
    const { alice, bob, carol, id } = await circle()
    await closed(bob, carol)
    await alice.disk.transact((tx) => thinMembersTable.put(tx, true, id, carol.node.deviceId))
    const counts = await countSlots(alice)
    expect(sumOver(counts, await groupBoxesOf(bob))).toBeGreaterThan(FEWEST / 2)
    expect(sumOver(counts, await groupBoxesOf(carol))).toBe(0)
  })

  it('knows them by what they send in the group, and forgets them with it', async () => {
    const net = memoryNetwork()
    const [alice, bob, carol] = (await Promise.all(
      (['standard', 'thin', 'standard'] as const).map(async (mode): Promise<Seat> => {
        const disk = survivingStore(memoryStore())
        return { disk, puts: [], node: await openNode(net(), { mode, store: disk }) }
      }),
    )) as [Seat, Seat, Seat]
    const joins = Promise.all([bob, carol].map(({ node }) => eventOf(node, 'group-joined')))
    const group = await groupBy(alice.node, { name: 'mixed', members: [bob.node.id, carol.node.id] })
    await joins
    await say(bob, group.id, 'short', alice, carol)
    await say(carol, group.id, 'long', alice)
    const thin = async (): Promise<unknown[]> =>
      (await thinMembersTable.list(alice.disk, [group.id])).map(({ parts }) => parts[1])
    expect(await thin()).toEqual([bob.node.deviceId])
    await group.remove([bob.node.id])
    expect(await thin()).toEqual([])
  })

  it('finds what waits for a box behind a backlog for others', async () => {
    const { alice, bob, carol, id } = await circle()
    await closed(carol)
    const group = await alice.node.group(id)
    const chat = await alice.node.conversation(bob.node.id)
    await Promise.all(Array.from({ length: OUTBOX_BATCH }, (_, index) => group.send(`${index}`)))
    await chat.send('to you')
    // Twice a batch is queued before it. Bob's two boxes are drawn alike: 20 times one before the other is one in a million.
    let others = 0
    for await (const { text } of bob.node.messages({ signal: AbortSignal.timeout(10_000) })) {
      if (text === 'to you') break
      others += 1
    }
    expect(others).toBeLessThan(20)
  })
})

describe('groups that are covered', () => {
  const boxes = (first: number, count: number): BoxId[] =>
    Array.from({ length: count }, (_, index) => boxId(new Uint8Array(32).fill(first + index)))

  it('are whole, the smallest first, and as many as the limit holds', () => {
    const small = boxes(0, 4)
    const middle = boxes(40, 20)
    const large = boxes(80, COVERED_GROUP_BOXES + 1)
    expect(wholeGroups([large, middle, small])).toEqual([...small, ...middle])
    expect(wholeGroups([large])).toEqual([])
    expect(wholeGroups([boxes(0, COVERED_GROUP_BOXES)])).toHaveLength(COVERED_GROUP_BOXES)
    expect(wholeGroups([small, small])).toEqual(small)
    expect(wholeGroups([])).toEqual([])
  })
})
