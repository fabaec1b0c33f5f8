/**
 * Several carriers as one that chooses among them (spec/transport.md, "Choosing"): each frame goes the nearest way that
 * meets what its sender asks, the next is started when that is late, and a mailbox takes it when nobody else does. Frames
 * are read from all of them, each given once.
 */
import {
  type Blobs,
  type BoxId,
  type Carrier,
  type Mailbox,
  type MailboxPut,
  type Nearness,
  type PutOptions,
  type Reach,
  type RouteOptions,
  silentLogger,
  systemClock,
} from '@hyphae/core'
import { systemRandom } from './backoff.js'
import { TransportError } from './errors.js'
import { combineTraits, type FanOutOptions } from './fan-out.js'
import { fanOutBlobs, type VerifyBlob } from './fan-out-blobs.js'
import { fanOutDirectory } from './fan-out-directory.js'
import { fanOutMailbox } from './fan-out-mailbox.js'
import { type Asker, createAsker } from './first-success.js'
import { checkPuts } from './memory-box.js'
import { type RaceContext, race } from './race.js'
import { createScores, type Scores } from './scores.js'
import { type MailRoute, meets, type Stages, stagesFor } from './ways.js'

export interface SelectorOptions extends FanOutOptions {
  /**
   * Mailboxes that get each frame at once. All, unless given: a mailbox that says it has stored a frame may have lost
   * it. With 1 they are raced like links.
   */
  readonly copies?: number
}

/** How a carrier does now. */
export interface RouteState {
  readonly name: string
  /** Who would take a frame for the box; undefined when nobody would now. */
  readonly nearness: Nearness | undefined
  /** Smoothed milliseconds until a frame is stored; undefined before the first. */
  readonly latencyMs: number | undefined
  readonly failing: boolean
}

export interface Selector extends Carrier {
  /** Whether some carrier meets this, so that waiting is not in vain. */
  meets(asked: RouteOptions): boolean
  /** The carriers in the order in which a frame for the box would try them. */
  routes(box: BoxId, asked?: RouteOptions): RouteState[]
}

/**
 * Takes the carriers over: closing it closes them. Order decides among equals.
 * @throws TransportError `transport/unsupported` without carriers
 */
export function selector(carriers: readonly Carrier[], options: SelectorOptions = {}): Selector {
  if (carriers.length === 0) throw new TransportError('transport/unsupported', { details: { carriers: 0 } })
  const { clock = systemClock, logger = silentLogger, random = systemRandom, verifyBlob } = options
  const asker = createAsker(logger)
  const scores = createScores(clock)
  const copies = options.copies ?? Number.POSITIVE_INFINITY
  let index = 0
  const nextIndex = (): number => {
    index += 1
    return index
  }
  const close = async (): Promise<void> => {
    await Promise.allSettled(carriers.map((carrier) => carrier.close()))
  }
  const routes = carriers.flatMap(({ name, traits, mailbox }) => (mailbox ? [{ name, traits, mailbox }] : []))
  const directories = carriers.flatMap(({ name, directory }) => (directory ? [{ name, directory }] : []))
  const all = routes.length > 0 && fanOutMailbox(routes, asker, { clock, logger, random, nextIndex })
  const blobs = carriers.some((carrier) => carrier.blobs) && chosenBlobs(carriers, asker, verifyBlob)
  return {
    name: `one of ${carriers.map(({ name }) => name).join(', ')}`,
    traits: combineTraits(carriers.map(({ traits }) => traits)),
    ...(all && { mailbox: chosenMailbox(routes, all, { clock, asker, scores }, copies) }),
    ...(directories.length > 0 && { directory: fanOutDirectory(directories, asker) }),
    ...(blobs && { blobs }),
    meets: (asked) => carriers.some(({ traits }) => meets(traits, asked)),
    routes: (box, asked = {}) => statesOf(routes, box, scores, asked),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function chosenMailbox(
  routes: readonly MailRoute[],
  all: Mailbox,
  context: RaceContext,
  copies: number,
): Mailbox {
  const reachable = routes.every(({ mailbox }) => mailbox.reach !== undefined)
  return {
    ...all,
    put: (items, options) => put(routes, items, context, { ...options, copies }),
    ...(reachable && { reach: (box) => nearest(routes, box, context.scores) }),
  }
}

/** @throws TransportError `transport/no-route`, `transport/all-failed`, `transport/bad-frame` */
async function put(
  routes: readonly MailRoute[],
  items: readonly MailboxPut[],
  context: RaceContext,
  options: PutOptions & { readonly copies: number },
): Promise<void> {
  checkPuts(items)
  const races = groups(routes, items, context.scores, options).map(({ stages, indices }) =>
    race(
      context,
      indices.map((index) => items[index] as MailboxPut),
      { ...options, stages, stored: (position) => options.stored?.(indices[position] as number) },
    ),
  )
  const outcomes = await Promise.allSettled(races)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

interface Group {
  readonly stages: Stages
  readonly indices: number[]
}

/** Items that go the same ways go together. @throws TransportError `transport/no-route` */
function groups(
  routes: readonly MailRoute[],
  items: readonly MailboxPut[],
  scores: Scores,
  options: PutOptions & { readonly copies: number },
): Group[] {
  const found = new Map<string, Group>()
  for (const [index, { box, frame }] of items.entries()) {
    const fit = routes.filter(({ traits }) => meets(traits, options, frame.length))
    if (fit.length === 0)
      throw new TransportError('transport/no-route', {
        details: {
          bytes: frame.length,
          bandwidthBps: options.minBandwidthBps ?? 0,
          privacy: options.privacy ?? '',
        },
      })
    const stages = stagesFor(fit, box, scores, options)
    const name = stages.map((stage) => stage.map(({ key, route }) => `${route.name} ${key}`).join()).join('/')
    const group = found.get(name) ?? { stages, indices: [] }
    group.indices.push(index)
    found.set(name, group)
  }
  return [...found.values()]
}

function nearest(routes: readonly MailRoute[], box: BoxId, scores: Scores): Reach | undefined {
  const [way] = stagesFor(routes, box, scores, { copies: 0 }).flat()
  return way?.route.mailbox.reach?.(box)
}

function statesOf(
  routes: readonly MailRoute[],
  box: BoxId,
  scores: Scores,
  asked: RouteOptions,
): RouteState[] {
  const fit = routes.filter(({ traits }) => meets(traits, asked))
  const ways = stagesFor(fit, box, scores, { ...asked, copies: Number.POSITIVE_INFINITY }).flat()
  return ways.map(({ route, key, nearness, stores }) => ({
    name: route.name,
    nearness: stores || route.mailbox.reach?.(box) !== undefined ? nearness : undefined,
    latencyMs: scores.latencyMs(key),
    failing: scores.isFailing(key),
  }))
}

function chosenBlobs(carriers: readonly Carrier[], asker: Asker, verify: VerifyBlob | undefined): Blobs {
  const fit = (options: RouteOptions = {}): Blobs => {
    const named = carriers.flatMap(({ name, traits, blobs }) =>
      blobs && meets(traits, options) ? [{ name, blobs }] : [],
    )
    if (named.length === 0)
      throw new TransportError('transport/no-route', {
        details: { bandwidthBps: options.minBandwidthBps ?? 0 },
      })
    return fanOutBlobs(named, asker, verify)
  }
  return {
    put: async (items, options) => fit(options).put(items, options),
    get: async (hashes, options) => fit(options).get(hashes, options),
    has: async (hashes, options) => fit(options).has(hashes, options),
  }
}
