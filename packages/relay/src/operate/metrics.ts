/**
 * What a relay counts, for Prometheus. No label holds anything a client sends: no id, no address, no path.
 *
 * An engine is counted from outside by wrapping it, so that WebSocket and REST are counted alike and a relay
 * without metrics pays nothing.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { EngineStats, OpenEngine, RelayEngine } from '../engine/engine.js'
import type { Relay } from '../relay.js'

export type Watched = Pick<Relay, 'stats' | 'ready'>

export interface Metrics {
  readonly contentType: string
  /** Counts every operation of the engine that it opens. */
  observe(open: OpenEngine): OpenEngine
  /** What is asked of a running relay at each scrape. */
  watch(relay: Watched): void
  http(route: string, method: string, status: number, seconds: number): void
  text(): Promise<string>
}

/** Seconds: from a commit that is shared by many to a disk that is in trouble. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

/** Members of an engine that are no operations of clients. */
const UNCOUNTED: ReadonlySet<string> = new Set([
  'onStored',
  'onAnnounced',
  'interest',
  'queuedBytes',
  'stats',
  'sweep',
  'writable',
  'upkeep',
  'close',
])

type Observe = (outcome: string, seconds: number) => void

/** `ok`, or the name of the failure that clients are told. */
function outcomeOf(result: unknown): string {
  if (typeof result !== 'object' || result === null || !('refused' in result)) return 'ok'
  return String(result.refused)
}

/** Seconds of a clock that never goes back. */
type Stopwatch = () => number

function counted<A extends unknown[]>(
  operation: (...args: A) => unknown,
  observe: Observe,
  seconds: Stopwatch,
): (...args: A) => unknown {
  return (...args) => {
    const begun = seconds()
    const result = operation(...args)
    if (!(result instanceof Promise)) {
      observe(outcomeOf(result), seconds() - begun)
      return result
    }
    return result.then(
      (value) => {
        observe(outcomeOf(value), seconds() - begun)
        return value
      },
      (error: unknown) => {
        observe('error', seconds() - begun)
        throw error
      },
    )
  }
}

/** The engine itself, each operation of which is told to `observe`. */
export function observedEngine(
  engine: RelayEngine,
  observe: (operation: string) => Observe,
  seconds: Stopwatch,
): RelayEngine {
  const members = Object.entries(engine).map(([name, member]) => {
    if (typeof member !== 'function' || UNCOUNTED.has(name)) return [name, member]
    return [name, counted(member, observe(name), seconds)]
  })
  return Object.fromEntries(members) as RelayEngine
}

function operationMetrics(registry: Registry): (operation: string) => Observe {
  const registers = [registry]
  const total = new Counter({
    name: 'hyphae_relay_operations_total',
    help: 'Operations of the engine by outcome: ok, error, or the failure clients are told.',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const duration = new Histogram({
    name: 'hyphae_relay_operation_seconds',
    help: 'Time until the engine answered; changes are durable then.',
    labelNames: ['operation'],
    buckets: BUCKETS,
    registers,
  })
  return (operation) => {
    const timer = duration.labels(operation)
    return (outcome, seconds) => {
      timer.observe(seconds)
      total.inc({ operation, outcome })
    }
  }
}

const COUNTS: readonly (readonly [keyof Omit<EngineStats, 'frames'> | 'connections', string])[] = [
  ['boxes', 'Boxes with mail.'],
  ['records', 'Directory records.'],
  ['items', 'One-time items that wait.'],
  ['blobs', 'Blobs.'],
  ['bytes', 'Bytes of frames, records, items and blobs.'],
  ['connections', 'Open WebSocket connections.'],
]

/** Gauges of the relay's state; the result asks for it. */
function stateMetrics(registry: Registry, relay: Watched): () => Promise<void> {
  const registers = [registry]
  const frames = new Gauge({
    name: 'hyphae_relay_frames',
    help: 'Frames that wait, by size in bytes.',
    labelNames: ['size'],
    registers,
  })
  const ready = new Gauge({ name: 'hyphae_relay_ready', help: '1 when requests are wanted.', registers })
  const counts = COUNTS.map(([name, help]) => {
    const gauge = new Gauge({ name: `hyphae_relay_${name}`, help, registers })
    return { name, gauge }
  })
  return async () => {
    ready.set((await relay.ready()) ? 1 : 0)
    const stats = await relay.stats()
    for (const { name, gauge } of counts) gauge.set(stats[name])
    for (const [size, count] of Object.entries(stats.frames)) frames.set({ size }, count)
  }
}

export function createMetrics(seconds: Stopwatch): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const observe = operationMetrics(registry)
  let refresh = async (): Promise<void> => {}
  const requests = new Histogram({
    name: 'hyphae_relay_http_request_seconds',
    help: 'REST requests by route, as the interface describes it, and status.',
    labelNames: ['route', 'method', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  })
  return {
    contentType: registry.contentType,
    observe: (open) => async (options) => observedEngine(await open(options), observe, seconds),
    watch: (relay) => {
      refresh = stateMetrics(registry, relay)
    },
    http: (route, method, status, took) => requests.observe({ route, method, status }, took),
    text: async () => {
      await refresh()
      return registry.metrics()
    },
  }
}
