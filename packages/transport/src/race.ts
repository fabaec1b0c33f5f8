/**
 * Ways raced for the same frames (spec/transport.md, "Choosing"): the next is started when those before are late or have
 * failed, and what the first stores is stored. The others' copies are harmless, for frames are known by their ids.
 */
import type { Clock, MailboxPut, PutOptions } from '@hyphae/core'
import { type Asker, allFailed } from './first-success.js'
import { STALLED_MS } from './limits.js'
import type { Scores } from './scores.js'
import { lateMs, type Stages, type Way } from './ways.js'

export interface RaceContext {
  readonly clock: Clock
  readonly asker: Asker
  readonly scores: Scores
}

export interface RaceOptions extends PutOptions {
  readonly stages: Stages
}

interface Race {
  readonly context: RaceContext
  readonly options: RaceOptions
  readonly items: readonly MailboxPut[]
  readonly bytes: number
  /** Indices of items that nobody has stored. */
  readonly left: Set<number>
  /** Stops the links once everything is stored, and the timers. */
  readonly over: AbortController
  readonly errors: unknown[]
  started: number
  running: number
  /** Mailboxes that have not failed. */
  mailboxes: number
  readonly done: (error?: unknown) => void
}

/**
 * Resolves when every item is stored somewhere.
 * @throws TransportError `transport/all-failed`, or what all of them refused it for
 */
export async function race(
  context: RaceContext,
  items: readonly MailboxPut[],
  options: RaceOptions,
): Promise<void> {
  const over = new AbortController()
  try {
    await new Promise<void>((resolve, reject) => {
      const race: Race = {
        context,
        options,
        items,
        bytes: items.reduce((sum, { frame }) => sum + frame.length, 0),
        left: new Set(items.keys()),
        over,
        errors: [],
        started: 0,
        running: 0,
        mailboxes: options.stages.flat().filter(({ stores }) => stores).length,
        done: (error) => (error === undefined ? resolve() : reject(error)),
      }
      startNext(race)
    })
  } finally {
    over.abort()
  }
}

/** Ways that were started together, and how many of them have not ended. */
interface Running {
  readonly place: number
  count: number
}

function startNext(race: Race): void {
  const { context, options, left, over } = race
  const stage = options.stages[race.started]
  if (stage === undefined || left.size === 0 || over.signal.aborted) return
  race.started += 1
  race.running += stage.length
  const mine: Running = { place: race.started, count: stage.length }
  for (const way of stage) void run(race, way, mine)
  if (options.priority === 'bulk' || race.started === options.stages.length) return
  const late = Math.min(...stage.map((way) => lateMs(way, context.scores, race.bytes)))
  context.clock
    .sleep(late, over.signal)
    .then(() => {
      if (race.started === mine.place) startNext(race)
    })
    .catch(() => {})
}

async function run(race: Race, way: Way, stage: Running): Promise<void> {
  const { clock, scores, asker } = race.context
  const indices = [...race.left]
  const startedAt = clock.now()
  const items = indices.map((index) => race.items[index] as MailboxPut)
  const stored = (position: number): void => take(race, indices[position] as number)
  const late = lateMs(way, scores, race.bytes)
  try {
    await asker.first([way.route], 'put', ({ mailbox }) =>
      mailbox.put(items, { ...signalOf(race, way), stored }),
    )
    scores.answered(way.key, clock.now() - startedAt)
    for (const index of indices) take(race, index)
  } catch (error) {
    // One that was stopped because another was faster has failed only if it was late.
    if (race.left.size > 0 || clock.now() - startedAt > late) scores.failed(way.key)
    fail(race, way, stage, error)
  }
}

function fail(race: Race, way: Way, stage: Running, error: unknown): void {
  race.errors.push(error)
  race.running -= 1
  stage.count -= 1
  if (way.stores) race.mailboxes -= 1
  if (race.left.size === 0) return
  if (stage.count === 0 && race.started === stage.place) startNext(race)
  if (race.running === 0) race.done(allFailed(race.errors))
  else if (way.stores && race.mailboxes === 0) void stall(race)
}

/** A link stops when everything is stored; a mailbox goes on, and has a copy. */
function signalOf({ options, over }: Race, { stores }: Way): { signal?: AbortSignal } {
  const { signal } = options
  if (stores) return signal === undefined ? {} : { signal }
  return { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) }
}

function take({ left, options, done }: Race, index: number): void {
  if (!left.delete(index)) return
  options.stored?.(index)
  if (left.size === 0) done()
}

/** All mailboxes have failed: a link alone is not waited for longer than until they may be asked again. */
async function stall(race: Race): Promise<void> {
  const { context, over, left } = race
  await context.clock.sleep(STALLED_MS, over.signal).catch(() => {})
  if (left.size > 0) race.done(allFailed(race.errors))
}
