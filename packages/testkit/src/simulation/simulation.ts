/**
 * The simulation itself: virtual time, nodes, and a loop that lets one event happen after another. Everything
 * random comes from one seed, so the same seed gives the same events. Knows no network: those are built on it.
 */
import type { Clock } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { MAX_SIMULATION_EVENTS, SIMULATION_TRACE_EVENTS } from '../limits.js'
import { type SeededRandom, unsafeSeededRandom } from '../seeded-random.js'
import { sleeper, type Timeline, type Timer, timeline } from '../timeline.js'
import { type EventLog, eventLog, type SimulationEvent, textHash } from './event-log.js'
import { type NodeOptions, type NodeProgram, type SimulatedNode, simulatedNode } from './node.js'
import { turns } from './turn.js'

export interface SimulationOptions {
  /** A safe integer; everything follows from it. */
  readonly seed: number
  /** What clocks show at the beginning. */
  readonly startMs?: number
  /** Turns of the event loop given to promises after each event; 1 serves code that does no I/O of its own. */
  readonly turnsPerEvent?: number
  /** How many of the last events are kept. */
  readonly traceEvents?: number
}

export interface SimulationFailure {
  readonly actor: string
  readonly what: string
  /** As it was thrown. */
  readonly error: unknown
  /** Virtual milliseconds since the beginning. */
  readonly at: number
}

export interface SimulationResult {
  readonly seed: number
  readonly events: number
  readonly virtualMs: number
  /** Over every event: two runs with one fingerprint were the same run. */
  readonly fingerprint: string
  readonly failure: SimulationFailure | undefined
  readonly trace: readonly SimulationEvent[]
}

export interface RunOptions {
  /** Stops after so much virtual time. */
  readonly forMs?: number
  /** Stops as soon as this holds; that it never did is a failure. */
  readonly until?: () => boolean
}

export interface Simulation {
  readonly seed: number
  /** The world's time, without anybody's skew. */
  readonly clock: Clock
  /** A generator of its own for each name: who draws more does not change what others draw. */
  random(name: string): SeededRandom
  /** A node that is still down; `boot` starts it. Names are unique. */
  node(name: string, program: NodeProgram, options?: NodeOptions): SimulatedNode
  nodes(): readonly SimulatedNode[]
  after(ms: number, what: string, run: () => void): Timer
  log(actor: string, what: string, detail?: string): void
  /** Ends the simulation as failed; the first failure stands. */
  fail(actor: string, what: string, error: unknown): void
  /** Checked after every event: what it returns is what is wrong. */
  invariant(name: string, check: () => string | undefined): void
  run(options?: RunOptions): Promise<SimulationResult>
}

const START_MS = 1_700_000_000_000

function broken(rule: string): TestkitError {
  return new TestkitError('testkit/broken-rule', { details: { rule } })
}

/** What happened, and the first thing that went wrong. */
interface Chronicle {
  readonly events: EventLog
  failure: SimulationFailure | undefined
  log(actor: string, what: string, detail?: string): void
  fail(actor: string, what: string, error: unknown): void
}

function chronicle(time: Timeline, startMs: number, keep: number): Chronicle {
  const events = eventLog(keep)
  const log = (actor: string, what: string, detail = ''): void =>
    events.record({ at: time.now() - startMs, actor, what, detail })
  const self: Chronicle = {
    events,
    failure: undefined,
    log,
    fail: (actor, what, error) => {
      if (self.failure !== undefined) return
      log(actor, 'fails', what)
      self.failure = { actor, what, error, at: time.now() - startMs }
    },
  }
  return self
}

/** One event after another, with `settle` after each, until there is a reason to stop. */
async function drive(
  time: Timeline,
  story: Chronicle,
  { forMs, until }: RunOptions,
  settle: () => Promise<void>,
): Promise<void> {
  const end = forMs === undefined ? Number.POSITIVE_INFINITY : time.now() + forMs
  await settle()
  for (let count = 0; story.failure === undefined && until?.() !== true; count++) {
    const next = time.next()
    if (next === undefined || next > end) break
    if (count === MAX_SIMULATION_EVENTS) story.fail('harness', 'never ends', broken('a run comes to an end'))
    time.fire()
    await settle()
  }
  if (story.failure !== undefined) return
  if (until !== undefined && !until())
    story.fail('harness', 'never came about', broken('what the run waits for comes about'))
  if (until === undefined && forMs !== undefined) time.moveTo(end)
}

export function simulation(options: SimulationOptions): Simulation {
  const { seed, startMs = START_MS, turnsPerEvent = 1 } = options
  const time = timeline(startMs)
  const story = chronicle(time, startMs, options.traceEvents ?? SIMULATION_TRACE_EVENTS)
  const { events, log, fail } = story
  const nodes = new Map<string, SimulatedNode>()
  const invariants: [name: string, check: () => string | undefined][] = []
  const turn = turns()
  const random = (name: string): SeededRandom => unsafeSeededRandom(childSeed(seed, name))

  const settle = async (): Promise<void> => {
    for (let count = 0; count < turnsPerEvent; count++) await turn()
    for (const [name, check] of invariants) {
      const wrong = check()
      if (wrong !== undefined) fail('harness', name, broken(`${name}: ${wrong}`))
    }
  }
  const run = async (runOptions: RunOptions = {}): Promise<SimulationResult> => {
    await drive(time, story, runOptions, settle)
    const virtualMs = time.now() - startMs
    const [fingerprint, trace] = [events.fingerprint(), events.trace()]
    return { seed, events: events.count(), virtualMs, fingerprint, failure: story.failure, trace }
  }
  return {
    seed,
    clock: { now: time.now, sleep: sleeper((ms, wake) => time.at(time.now() + ms, wake)) },
    random,
    node: (name, program, nodeOptions = {}) => {
      if (nodes.has(name))
        throw new TestkitError('testkit/refused', { details: { reason: 'a second node of one name' } })
      const made = simulatedNode({ name, time, program, options: nodeOptions, random, log, fail })
      nodes.set(name, made)
      return made
    },
    nodes: () => [...nodes.values()],
    after: (ms, what, action) =>
      time.at(time.now() + ms, () => {
        if (what !== '') log('harness', what)
        action()
      }),
    log,
    fail,
    invariant: (name, check) => void invariants.push([name, check]),
    run,
  }
}

function childSeed(seed: number, name: string): number {
  const hash = textHash()
  hash.add(`${seed}/${name}`)
  const high = hash.word() % 2 ** 21
  hash.add('/low')
  return high * 2 ** 32 + hash.word()
}
