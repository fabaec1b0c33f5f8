/**
 * Both parties with stores, restarts, copies put back and stores lost, over a network that loses, repeats and
 * reorders: every message that arrives opens once, no key is used twice, and within ten exchanges of quiet both send
 * in one session (spec/session.md, section 12; spec/models/convergence.pml).
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY, HOUR } from '../sessions/support.js'
import {
  copySide,
  deliver,
  EXCHANGES,
  type Exchange,
  exchange,
  isReadable,
  newWorld,
  other,
  resetSide,
  restartSide,
  restoreSide,
  SIDES,
  type Side,
  send,
  settle,
  shareSession,
  type World,
  type WorldOptions,
} from './sessions-world.js'

/** What can be done is decided by the world itself: the model keeps nothing. */
type Action = fc.AsyncCommand<object, World>

const MAX_ACTIONS = 40
/** The bound of libsignal's own session model. */
const BOUND = 10
/** In which they must stay where they are. */
const AFTER = 2
/** An answer would have come, and a session may be begun anew. */
const EXCHANGE_MS = 25 * HOUR

function action(name: string, run: (world: World) => Promise<void>): Action {
  return { check: () => true, run: (_model, world) => run(world), toString: () => name }
}

/** On one mail under way to `side`, if there is one. */
function onMail(
  name: string,
  side: Side,
  pick: number,
  run: (world: World, at: number) => Promise<void>,
): Action {
  return action(`${name} ${pick} to ${side}`, async (world) => {
    const { length } = world.parties[side].mail
    if (length > 0) await run(world, pick % length)
  })
}

const sends = (side: Side): Action =>
  action(`${side} sends`, async (world) => {
    world.parties[other(side)].mail.push(...(await send(world, side)))
  })

const delivers = (side: Side, pick: number, again: boolean): Action =>
  onMail(again ? 'duplicate' : 'deliver', side, pick, async (world, at) => {
    const { mail } = world.parties[side]
    const one = mail[at]
    if (one === undefined || !(await isReadable(world, side, one))) return
    await deliver(world, side, one)
    if (!again) mail.splice(at, 1)
  })

/** Whoever records the network sends a first message again, at any time. */
const replays = (side: Side, pick: number): Action =>
  action(`replay ${pick} to ${side}`, async (world) => {
    const { handshakes } = world.parties[side]
    const handshake = handshakes[pick % Math.max(1, handshakes.length)]
    if (handshake !== undefined) await deliver(world, side, { kind: 'handshake', handshake })
  })

const drops = (side: Side, pick: number): Action =>
  onMail('drop', side, pick, async (world, at) => {
    world.parties[side].mail.splice(at, 1)
  })

const shuffles = (side: Side, pick: number): Action =>
  onMail('shuffle', side, pick, async (world, at) => {
    const { mail } = world.parties[side]
    mail.push(...mail.splice(0, at))
    mail.reverse()
  })

const restarts = (side: Side): Action => action(`${side} restarts`, (world) => restartSide(world, side))
const copies = (side: Side): Action => action(`${side} is copied`, (world) => copySide(world, side))
const restores = (side: Side): Action =>
  action(`${side} is put back`, async (world) => {
    const { copy } = world.parties[side]
    if (copy !== null) await restoreSide(world, side, copy)
  })
const resets = (side: Side, forgetful: boolean): Action =>
  action(`${side} loses ${forgetful ? 'all' : 'its store'}`, (world) => resetSide(world, side, forgetful))
const passes = (ms: number): Action =>
  action(`${ms} ms pass`, async (world) => {
    world.clock.time += ms
  })

const side = fc.constantFrom(...SIDES)
const pick = fc.nat({ max: 50 })
const onPick = (make: (side: Side, pick: number) => Action): fc.Arbitrary<Action> =>
  fc.tuple(side, pick).map(([to, at]) => make(to, at))

const actions = fc.commands(
  [
    side.map(sends),
    side.map(sends),
    side.map(sends),
    onPick((to, at) => delivers(to, at, false)),
    onPick((to, at) => delivers(to, at, false)),
    onPick((to, at) => delivers(to, at, false)),
    onPick((to, at) => delivers(to, at, true)),
    onPick(replays),
    onPick(drops),
    onPick(shuffles),
    side.map(restarts),
    side.map(copies),
    side.map(restores),
    fc.tuple(side, fc.boolean()).map(([of, forgetful]) => resets(of, forgetful)),
    fc.constantFrom(HOUR / 2, 2 * HOUR, DAY, 3 * DAY).map(passes),
  ],
  { maxCommands: MAX_ACTIONS, size: 'max' },
)
const quiet = fc.array(fc.constantFrom(...EXCHANGES), { minLength: BOUND + AFTER, maxLength: BOUND + AFTER })

async function converge(world: World, kinds: readonly Exchange[]): Promise<void> {
  await settle(world)
  for (const [i, kind] of kinds.entries()) {
    world.clock.time += EXCHANGE_MS
    const opened = await exchange(world, kind)
    if (i >= BOUND - 1 && !(opened && (await shareSession(world)))) {
      throw new Error(`after ${i + 1} exchanges they have not met`)
    }
  }
}

function storm(options: WorldOptions): fc.IAsyncPropertyWithHooks<[Iterable<Action>, Exchange[]]> {
  return fc.asyncProperty(actions, quiet, async (commands, kinds) => {
    const real = await newWorld(options)
    await fc.asyncModelRun(() => ({ model: {}, real }), commands)
    await converge(real, kinds)
  })
}

describe('two nodes', () => {
  it('hostile 8, 9, 17, 31: they end in one session, open each message once and use no key twice', async () => {
    await fc.assert(storm({}), { numRuns: 950 })
  }, 180_000)

  it('hostile 9, 31: so it is in post-quantum sessions', async () => {
    await fc.assert(storm({ postQuantum: true }), { numRuns: 50 })
  }, 180_000)

  it('hostile 31: without a witness a store that is put back uses keys twice, and this model sees it', async () => {
    const run = await fc.check(storm({ witnessed: false }), { numRuns: 1000, endOnFailure: true })
    expect(run.failed).toBe(true)
  }, 180_000)
})
