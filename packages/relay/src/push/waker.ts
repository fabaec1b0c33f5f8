/**
 * When to wake: once when mail comes, then not for a while, and at the end of the while once more if mail is still
 * there. spec/relay-push.md section 5. Whoever watches a box is awake.
 */
import type { Clock } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import { MAX_WAKES, WAKE_PAUSE_MS, WAKE_TICK_MS } from '../limits.js'
import type { Registry } from './registry.js'

export interface WakerOptions {
  readonly registry: Pick<Registry, 'has' | 'get' | 'drop' | 'claim'>
  readonly clock: Clock
  /** Where other relays of the store may have readers too: a wake waits this long, in ms, for one to fetch. */
  readonly settleMs: number
  /** Somebody has a watch on the box. */
  watched(box: string): boolean
  /** Mail waits in the box. */
  waiting(box: string): Promise<boolean>
  send(gateway: string, token: Uint8Array): Promise<Verdict>
}

export interface Waker {
  /** A frame came into this box; undefined: into some. */
  stored(box: string | undefined): void
  /** Looks whose pause is over; until the signal fires. */
  run(signal: AbortSignal): Promise<void>
}

/** A box that was woken lately. */
interface Quiet {
  until: number
  /** Mail came meanwhile. */
  again: boolean
}

const DROPPED: ReadonlySet<string> = new Set(['push-gone', 'bad-push', 'not-a-peer'])

interface State {
  readonly options: WakerOptions
  readonly quiet: Map<string, Quiet>
  sending: number
}

/** Nobody else of the store does, and nobody who reads elsewhere has fetched what came. */
async function mayWake({ options }: State, box: string, until: number): Promise<boolean> {
  const { registry, clock, settleMs, waiting } = options
  if (settleMs > 0) {
    await clock.sleep(settleMs)
    if (!(await waiting(box))) return false
  }
  return registry.claim(box, until)
}

async function wake(state: State, box: string, quiet: Quiet): Promise<void> {
  const { registry, clock, send } = state.options
  state.sending += 1
  try {
    if (!(await mayWake(state, box, quiet.until))) return
    const registration = await registry.get(box)
    if (registration === undefined) return
    const verdict = await send(registration.gateway, registration.token)
    if (verdict === null) return
    if (DROPPED.has(verdict.refused)) await registry.drop(box)
    else {
      quiet.until = clock.now() + Math.max(WAKE_PAUSE_MS, verdict.retryAfterMs)
      quiet.again = true
    }
  } catch {
    quiet.again = true
  } finally {
    state.sending -= 1
  }
}

function begin(state: State, box: string): void {
  const quiet = { until: state.options.clock.now() + WAKE_PAUSE_MS, again: state.sending >= MAX_WAKES }
  state.quiet.set(box, quiet)
  if (!quiet.again) void wake(state, box, quiet)
}

async function over(state: State, box: string, { again }: Quiet): Promise<void> {
  const { registry, watched, waiting } = state.options
  state.quiet.delete(box)
  // Who has fetched everything meanwhile needs no waking.
  if (again && (await registry.has(box)) && !watched(box) && (await waiting(box))) begin(state, box)
}

function noticed(state: State, box: string): void {
  if (state.options.watched(box)) return
  const quiet = state.quiet.get(box)
  if (quiet === undefined) begin(state, box)
  else quiet.again = true
}

export function createWaker(options: WakerOptions): Waker {
  const state: State = { options, quiet: new Map(), sending: 0 }
  const { registry, clock } = options
  return {
    stored: (box) => {
      if (box === undefined) return
      const there = registry.has(box)
      const tell = (yes: boolean): void => {
        if (yes) noticed(state, box)
      }
      if (there instanceof Promise) there.then(tell).catch(() => {})
      else tell(there)
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(WAKE_TICK_MS, signal).catch(() => {})
        const now = clock.now()
        // In order of insertion, which is nearly that of their ends.
        for (const [box, quiet] of [...state.quiet])
          if (quiet.until <= now) await over(state, box, quiet).catch(() => {})
      }
    },
  }
}
