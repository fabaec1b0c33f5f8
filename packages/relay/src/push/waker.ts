/**
 * When to wake: once when mail comes, then not for a while, and at the end of the while once more if mail is still
 * there. spec/relay-push.md section 5. Whoever watches a box is awake.
 */
import type { Clock } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import { MAX_WAKES, WAKE_PAUSE_MS, WAKE_TICK_MS } from '../limits.js'
import type { Registry } from './registry.js'

export interface WakerOptions {
  readonly registry: Registry
  readonly clock: Clock
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

export function createWaker({ registry, clock, watched, waiting, send }: WakerOptions): Waker {
  const quiet = new Map<string, Quiet>()
  let sending = 0

  const wake = async (box: string, state: Quiet): Promise<void> => {
    sending += 1
    try {
      const registration = await registry.get(box)
      if (registration === undefined) return
      const verdict = await send(registration.gateway, registration.token)
      if (verdict === null) return
      if (DROPPED.has(verdict.refused)) await registry.drop(box)
      else {
        state.until = clock.now() + Math.max(WAKE_PAUSE_MS, verdict.retryAfterMs)
        state.again = true
      }
    } catch {
      state.again = true
    } finally {
      sending -= 1
    }
  }
  const begin = (box: string): void => {
    const state = { until: clock.now() + WAKE_PAUSE_MS, again: sending >= MAX_WAKES }
    quiet.set(box, state)
    if (!state.again) void wake(box, state)
  }
  const over = async (box: string, { again }: Quiet): Promise<void> => {
    quiet.delete(box)
    // Who has fetched everything meanwhile needs no waking.
    if (again && registry.has(box) && !watched(box) && (await waiting(box))) begin(box)
  }
  return {
    stored: (box) => {
      if (box === undefined || !registry.has(box) || watched(box)) return
      const state = quiet.get(box)
      if (state === undefined) begin(box)
      else state.again = true
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await clock.sleep(WAKE_TICK_MS, signal).catch(() => {})
        const now = clock.now()
        // In order of insertion, which is nearly that of their ends.
        for (const [box, state] of [...quiet]) if (state.until <= now) await over(box, state).catch(() => {})
      }
    },
  }
}
