// A state stored by rows: what is written after each step is little, and always the whole state.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createKeyPackage,
  decodeGroup,
  decodeGroupRows,
  encodeGroup,
  encodeGroupChanges,
  encodeGroupRows,
  encryptMessage,
  type GroupRow,
  type GroupState,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { after, at, codeOf, type Device, device, groupOf, text } from './helpers.js'

type Store = Map<string, Uint8Array>

function write(store: Store, rows: readonly GroupRow[]): void {
  for (const { key, value } of rows) {
    if (value === null) store.delete(key)
    else store.set(key, value)
  }
}

const rowsOf = (store: Store): GroupRow[] => [...store].map(([key, value]) => ({ key, value }))
const sorted = (rows: readonly GroupRow[]): GroupRow[] => [...rows].sort((a, b) => (a.key < b.key ? -1 : 1))

async function trio(): Promise<{ devices: Device[]; states: GroupState[] }> {
  const devices = ['a', 'b', 'c'].map((name) => device(name))
  return { devices, states: await groupOf(devices) }
}

/** One step of the first member, and what the second makes of it. */
type Step = 'send' | 'receive' | 'skip' | 'update' | 'rival' | 'add' | 'remove' | 'restart'

interface World {
  readonly a: Device
  readonly b: Device
  sa: GroupState
  sb: GroupState
  readonly late: Uint8Array[]
  count: number
}

async function commit(world: World, made: { state: GroupState; commit: Uint8Array }): Promise<void> {
  world.sb = await after(world.b.ctx, world.sb, made.commit)
  world.sa = made.state
}

const STEPS: Record<Step, (world: World) => Promise<void>> = {
  async send(world) {
    const sent = await encryptMessage(world.b.ctx, world.sb, text('from b'), text(''))
    world.sb = sent.state
  },
  async receive(world) {
    const sent = await encryptMessage(world.a.ctx, world.sa, text('from a'), text(''))
    world.sa = sent.state
    world.sb = await after(world.b.ctx, world.sb, world.late.pop() ?? sent.message)
  },
  async skip(world) {
    const sent = await encryptMessage(world.a.ctx, world.sa, text('late'), text(''))
    world.sa = sent.state
    // Past epochs end; a message of one may be kept for no longer.
    if (world.late.length < 2) world.late.push(sent.message)
  },
  async update(world) {
    world.late.length = 0
    await commit(world, await updateSelf(world.a.ctx, world.sa))
  },
  async rival(world) {
    const first = await updateSelf(world.a.ctx, world.sa)
    await processMessage(world.b.ctx, world.sb, first.commit)
    world.late.length = 0
    await commit(world, await updateSelf(world.a.ctx, world.sa))
  },
  async add(world) {
    const d = device(`d${world.count++}`)
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    world.late.length = 0
    await commit(world, await addMembers(world.a.ctx, world.sa, [keyPackage]))
  },
  async remove(world) {
    world.late.length = 0
    await commit(
      world,
      await removeMembers(world.a.ctx, world.sa, [2]).catch(() => updateSelf(world.a.ctx, world.sa)),
    )
  },
  async restart(world) {
    world.sb = decodeGroupRows(world.b.ctx, encodeGroupRows(world.sb))
  },
}

describe('rows', () => {
  it('written step by step are at every moment the whole state, and no others', async () => {
    const step = fc.constantFrom<Step>(
      'send',
      'receive',
      'skip',
      'update',
      'rival',
      'add',
      'remove',
      'restart',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const { devices, states } = await trio()
        const world: World = {
          a: at(devices, 0),
          b: at(devices, 1),
          sa: at(states, 0),
          sb: at(states, 1),
          late: [],
          count: 0,
        }
        const store: Store = new Map()
        write(store, encodeGroupRows(world.sb))
        for (const name of steps) {
          const before = world.sb
          await STEPS[name](world)
          write(store, encodeGroupChanges(before, world.sb))
          expect(sorted(rowsOf(store)), name).toEqual(sorted(encodeGroupRows(world.sb)))
          expect(encodeGroup(decodeGroupRows(world.b.ctx, rowsOf(store)))).toEqual(encodeGroup(world.sb))
        }
      }),
      { numRuns: 15 },
    )
  })

  it('of a message are one of about 150 bytes, sent or received, once its sender has spoken', async () => {
    const { devices, states } = await trio()
    const [a, b] = [at(devices, 0), at(devices, 1)]
    const first = await encryptMessage(a.ctx, at(states, 0), text('1'), text(''))
    const second = await encryptMessage(a.ctx, first.state, text('2'), text(''))
    const sent = encodeGroupChanges(first.state, second.state)
    const one = await after(b.ctx, at(states, 1), first.message)
    const two = await after(b.ctx, one, second.message)
    const read = encodeGroupChanges(one, two)
    for (const rows of [sent, read]) {
      expect(rows).toHaveLength(1)
      expect(rows[0]?.value?.length).toBeLessThan(150)
    }
    // The first message of a sender splits the seeds on its way: one row gone, one for each level and its own.
    expect(encodeGroupChanges(at(states, 1), one).length).toBeLessThan(6)
    expect(encodeGroupChanges(two, two)).toEqual([])
  })

  it('of a commit leave out what the epoch before has stored', async () => {
    const { devices, states } = await trio()
    const b = at(devices, 1)
    const update = await updateSelf(at(devices, 0).ctx, at(states, 0))
    const next = await after(b.ctx, at(states, 1), update.commit)
    const keys = encodeGroupChanges(at(states, 1), next).map(({ key }) => key)
    // The committer's path secret of the ended epoch is spent; its other rows stay as they are.
    expect(keys.filter((key) => key.startsWith('s/2/'))).toEqual(['s/2/3'])
    expect(keys).toContain('h')
  })

  it('that are missing, foreign, doubled, deleted or mixed with those of another epoch are refused', async () => {
    const { devices, states } = await trio()
    const b = at(devices, 1)
    const old = encodeGroupRows(at(states, 1))
    const update = await updateSelf(at(devices, 0).ctx, at(states, 0))
    const rows = encodeGroupRows(await after(b.ctx, at(states, 1), update.commit))
    const verdict = (given: readonly GroupRow[]): Promise<string> =>
      codeOf(() => decodeGroupRows(b.ctx, given))
    expect(await verdict(rows)).toBe('no error')
    expect(await verdict([...rows].reverse())).toBe('no error')
    for (const i of rows.keys())
      expect(await verdict(rows.filter((_, j) => j !== i))).toBe('mls/bad-snapshot')
    expect(await verdict([...rows, { key: 'x', value: text('') }])).toBe('mls/bad-snapshot')
    expect(await verdict([...rows, at(rows, 0)])).toBe('mls/bad-snapshot')
    expect(await verdict([...rows, { key: 't/9', value: null }])).toBe('mls/bad-snapshot')
    const mixed = rows.map((row) => old.find(({ key }) => key === row.key && key.startsWith('t/')) ?? row)
    expect(await verdict(mixed)).toBe('mls/bad-snapshot')
  })

  it('and whole snapshots are the same state', async () => {
    const { devices, states } = await trio()
    const b = at(devices, 1)
    const fromRows = decodeGroupRows(b.ctx, encodeGroupRows(at(states, 1)))
    const fromBytes = decodeGroup(b.ctx, encodeGroup(at(states, 1)))
    expect(encodeGroup(fromRows)).toEqual(encodeGroup(fromBytes))
    expect(encodeGroupChanges(fromRows, fromBytes).every(({ value }) => value !== null)).toBe(true)
  })
})
