// Random lives of a group: whoever is in it shares the epoch and reads the same, whoever is out does not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  members,
  ownLeaf,
  processMessage,
  removeMembers,
  updateSelf,
} from '../../src/index.js'
import { codeOf, type Device, device, GROUP_ID, groupOf, string, text } from '../helpers.js'

const MAX_SIZE = 6

interface Player {
  readonly device: Device
  state: GroupState
}

/** Everybody in the group, and those who have left it with the state they left with. */
interface World {
  readonly inside: Player[]
  readonly outside: Player[]
  count: number
}

type Step =
  | { readonly kind: 'add' | 'remove'; readonly by: number; readonly which: number; readonly many: number }
  | { readonly kind: 'update' | 'message' | 'restart'; readonly by: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add' as const, 'remove' as const),
    by: fc.nat(),
    which: fc.nat(),
    many: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom('update' as const, 'message' as const, 'restart' as const),
    by: fc.nat(),
  }),
)

/** Delivers a commit to all but its sender. */
async function deliver(world: World, sender: Player, commit: Uint8Array): Promise<void> {
  for (const player of world.inside) {
    if (player === sender) continue
    const { state, event } = await processMessage(player.device.ctx, player.state, commit)
    if (event.kind !== 'commit' || event.sender.leaf !== ownLeaf(sender.state))
      throw new Error('another event')
    player.state = state
  }
}

async function addStep(world: World, sender: Player, many: number): Promise<void> {
  const room = Math.min(many, MAX_SIZE - world.inside.length)
  if (room <= 0) return
  const devices = Array.from({ length: room }, () => device(`d${world.count++}`))
  const offers = await Promise.all(devices.map(({ ctx, identity }) => createKeyPackage(ctx, identity)))
  const packages = offers.map(({ keyPackage }) => keyPackage)
  const { state, commit, welcome } = await addMembers(sender.device.ctx, sender.state, packages)
  await deliver(world, sender, commit)
  sender.state = state
  for (const [i, offer] of offers.entries()) {
    const joiner = devices[i] as Device
    world.inside.push({ device: joiner, state: await joinGroup(joiner.ctx, { ...offer, welcome }) })
  }
}

async function removeStep(world: World, sender: Player, which: number, many: number): Promise<void> {
  const others = world.inside.filter((player) => player !== sender)
  const victims = [...new Set(Array.from({ length: many }, (_, i) => others[(which + i) % others.length]))]
  const chosen = victims.filter((player) => player !== undefined)
  if (chosen.length === 0) return
  const leaves = chosen.map((player) => ownLeaf(player.state))
  const { state, commit } = await removeMembers(sender.device.ctx, sender.state, leaves)
  for (const player of chosen) {
    const { event } = await processMessage(player.device.ctx, player.state, commit)
    expect(event).toMatchObject({ kind: 'commit', removedSelf: true })
    world.inside.splice(world.inside.indexOf(player), 1)
    world.outside.push(player)
  }
  await deliver(world, sender, commit)
  sender.state = state
}

async function messageStep(world: World, sender: Player): Promise<void> {
  const words = `from ${sender.device.name}`
  const { state, message } = await encryptMessage(sender.device.ctx, sender.state, text(words), text('aad'))
  sender.state = state
  for (const player of world.inside) {
    if (player === sender) continue
    const read = await processMessage(player.device.ctx, player.state, message)
    player.state = read.state
    if (read.event.kind !== 'application') throw new Error('another event')
    expect(string(read.event.plaintext)).toBe(words)
    expect(string(read.event.sender.credential)).toBe(`ok:${sender.device.name}`)
  }
  for (const { device: who, state: old } of world.outside)
    expect(await codeOf(() => processMessage(who.ctx, old, message))).toBe('mls/wrong-epoch')
}

async function take(world: World, action: Step): Promise<void> {
  const sender = world.inside[action.by % world.inside.length] as Player
  if (action.kind === 'add') return addStep(world, sender, action.many)
  if (action.kind === 'remove') return removeStep(world, sender, action.which, action.many)
  if (action.kind === 'message') return messageStep(world, sender)
  if (action.kind === 'restart') {
    sender.state = decodeGroup(sender.device.ctx, encodeGroup(sender.state))
    return
  }
  const { state, commit } = await updateSelf(sender.device.ctx, sender.state)
  await deliver(world, sender, commit)
  sender.state = state
}

function assertOneGroup({ inside }: World): void {
  const [first, ...rest] = inside as [Player, ...Player[]]
  const leaves = inside.map(({ state }) => ownLeaf(state)).sort((x, y) => x - y)
  expect(members(first.state).map(({ leaf }) => leaf)).toEqual(leaves)
  for (const { state } of rest) {
    expect(epochAuthenticator(state)).toEqual(epochAuthenticator(first.state))
    expect(members(state)).toEqual(members(first.state))
  }
}

describe('after any sequence of adds, removals, updates, messages and restarts', () => {
  it('all members share the epoch and read the same messages; the removed read none', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const founder = device('founder')
        const state = await createGroup(founder.ctx, founder.identity, GROUP_ID)
        const world: World = { inside: [{ device: founder, state }], outside: [], count: 0 }
        await addStep(world, world.inside[0] as Player, 2)
        for (const action of steps) {
          await take(world, action)
          assertOneGroup(world)
        }
        await messageStep(world, world.inside[0] as Player)
      }),
      { numRuns: 25 },
    )
  })

  it('messages are read once each, in whatever order they come', async () => {
    const order = fc.uniqueArray(fc.nat({ max: 11 }), { minLength: 12, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(order, async (arrival) => {
        const [a, b] = [device('a'), device('b')]
        let [sender, reader] = (await groupOf([a, b])) as [GroupState, GroupState]
        const sent: Uint8Array[] = []
        for (let i = 0; i < arrival.length; i++) {
          const { state, message } = await encryptMessage(a.ctx, sender, text(`${i}`), text(''))
          sender = state
          sent.push(message)
        }
        const shown: string[] = []
        for (const i of [...arrival, ...arrival]) {
          const code = await codeOf(async () => {
            const { state, event } = await processMessage(b.ctx, reader, sent[i] as Uint8Array)
            reader = state
            if (event.kind === 'application') shown.push(string(event.plaintext))
          })
          expect(['no error', 'mls/replayed']).toContain(code)
        }
        expect(shown).toEqual(arrival.map(String))
      }),
      { numRuns: 25 },
    )
  })
})
