/**
 * Two parties, a network that loses, repeats and reorders, and restarts at any moment, against the simplest
 * model of a session: a frame opens once, with what was put in, and never again. In suite 2 the epochs of the
 * post-quantum ratchet go on through it all, and both sides end in the same one.
 */
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { decodeSession, encodeSession, PQ_INTERVAL, sessionHealth } from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { coreOf } from '../../src/session.js'
import { crypto, newPair, newPqPair, type Pair, receive, send, unchanged } from '../support.js'

type Side = keyof Pair
const SIDES: readonly Side[] = ['alice', 'bob']
const other = (side: Side): Side => (side === 'alice' ? 'bob' : 'alice')

interface Sent {
  readonly to: Side
  readonly frame: Uint8Array
  readonly text: string
}

interface World {
  pair: Pair
  /** Of the frames. */
  readonly size: 128 | 512 | 2048
  /** All frames ever sent, by number; the network holds numbers. */
  sent: Sent[]
}

interface Model {
  /** Frame numbers under way, to each side. */
  network: Record<Side, number[]>
  delivered: Set<number>
  count: number
}

type Action = fc.Command<Model, World>

/** Delivers frame number `id` and holds the session to the model. */
function deliver(model: Model, world: World, id: number): void {
  const { to, frame, text } = world.sent[id] as Sent
  if (model.delivered.has(id)) {
    const again = unchanged(world.pair[to], () => receive({ ...world.pair }, to, frame))
    if (again !== null) throw new Error(`frame ${id} opened twice`)
    return
  }
  const opened = receive(world.pair, to, frame)
  if (opened !== text) throw new Error(`frame ${id} gave ${opened}, not ${text}`)
  model.delivered.add(id)
}

const sending = (side: Side): Action => ({
  check: () => true,
  run: (model, world) => {
    const id = model.count++
    const text = `message ${id}`
    world.sent.push({ to: other(side), frame: send(world.pair, side, text, world.size), text })
    model.network[other(side)].push(id)
  },
  toString: () => `${side} sends`,
})

/** An action on one frame under way to `side`, chosen by `pick`. */
function onFrame(
  name: string,
  side: Side,
  pick: number,
  run: (model: Model, world: World, at: number) => void,
): Action {
  return {
    check: (model) => model.network[side].length > 0,
    run: (model, world) => run(model, world, pick % model.network[side].length),
    toString: () => `${name} ${pick} to ${side}`,
  }
}

const delivering = (side: Side, pick: number): Action =>
  onFrame('deliver', side, pick, (model, world, at) => {
    const [id] = model.network[side].splice(at, 1)
    deliver(model, world, id as number)
  })

const duplicating = (side: Side, pick: number): Action =>
  onFrame('duplicate', side, pick, (model, world, at) => {
    deliver(model, world, model.network[side][at] as number)
  })

const dropping = (side: Side, pick: number): Action =>
  onFrame('drop', side, pick, (model, _world, at) => {
    model.network[side].splice(at, 1)
  })

const shuffling = (side: Side, pick: number): Action =>
  onFrame('shuffle', side, pick, (model, _world, at) => {
    const queue = model.network[side]
    queue.push(...queue.splice(0, at))
    queue.reverse()
  })

const restarting = (side: Side): Action => ({
  check: () => true,
  run: (_model, world) => {
    world.pair[side] = decodeSession(crypto, encodeSession(world.pair[side]), { pq: postQuantum })
  },
  toString: () => `${side} restarts`,
})

/** A quick exchange that overtakes whatever is under way: enough for an epoch to change in between. */
const bursting = (length: number): Action => ({
  check: () => true,
  run: (_model, world) => {
    for (let i = 0; i < length; i++) for (const from of SIDES) exchange(world, from)
  },
  toString: () => `burst of ${length}`,
})

function exchange(world: World, from: Side): void {
  const frame = send(world.pair, from, 'burst', world.size)
  if (receive(world.pair, other(from), frame) !== 'burst') throw new Error('the sides do not agree')
}

const side = fc.constantFrom(...SIDES)
const pick = fc.nat({ max: 50 })
const actions = [
  side.map(sending),
  side.map(sending),
  fc.tuple(side, pick).map(([to, at]) => delivering(to, at)),
  fc.tuple(side, pick).map(([to, at]) => delivering(to, at)),
  fc.tuple(side, pick).map(([to, at]) => duplicating(to, at)),
  fc.tuple(side, pick).map(([to, at]) => dropping(to, at)),
  fc.tuple(side, pick).map(([to, at]) => shuffling(to, at)),
  side.map(restarting),
]

function start(pair: Pair, size: World['size']): { model: Model; real: World } {
  return {
    model: { network: { alice: [], bob: [] }, delivered: new Set(), count: 0 },
    real: { pair, size, sent: [] },
  }
}

/** After the storm: what is still under way arrives, and then both sides talk as if nothing had been. */
function settle(model: Model, world: World): void {
  for (const to of SIDES) for (const id of model.network[to].splice(0)) deliver(model, world, id)
  for (let round = 0; round < 3; round++) for (const from of SIDES) exchange(world, from)
}

/** Both sides reach a new epoch with the same key, whatever had happened. */
function heal(world: World): void {
  const epoch = (of: Side): number => sessionHealth(world.pair[of]).pqEpoch ?? -1
  const before = Math.max(epoch('alice'), epoch('bob'))
  for (let round = 0; round < 2 * PQ_INTERVAL; round++) for (const from of SIDES) exchange(world, from)
  const [alice, bob] = SIDES.map((of) => coreOf(world.pair[of]).pq?.state)
  if (epoch('alice') <= before || Math.abs(epoch('alice') - epoch('bob')) > 1)
    throw new Error('it does not heal')
  if (alice?.epoch === bob?.epoch && !Buffer.from(alice?.key ?? []).equals(bob?.key ?? Buffer.alloc(1))) {
    throw new Error('the sides have different keys')
  }
}

describe('two parties', () => {
  it('hostile 9: drop, reorder, duplicate, cross and restart: each message opens exactly once', () => {
    fc.assert(
      fc.property(fc.commands(actions, { maxCommands: 60, size: 'max' }), (commands) => {
        const { model, real } = start(newPair(), 128)
        fc.modelRun(() => ({ model, real }), commands)
        settle(model, real)
      }),
      { numRuns: 300 },
    )
  })

  it('hostile 9: so it is across post-quantum epochs, and both sides go on to the next', () => {
    const all = [...actions, side.map(sending), fc.constantFrom(9, 16).map(bursting)]
    const size = fc.constantFrom(512, 2048) as fc.Arbitrary<512 | 2048>
    fc.assert(
      fc.property(size, fc.commands(all, { maxCommands: 60, size: 'max' }), (bytes, commands) => {
        const { model, real } = start(newPqPair(), bytes)
        fc.modelRun(() => ({ model, real }), commands)
        settle(model, real)
        heal(real)
      }),
      { numRuns: 30 },
    )
  })
})
