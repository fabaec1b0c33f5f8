/**
 * When to wake: once when mail comes, then not for a while, and at the end of the while once more if mail is still
 * there. spec/relay-push.md section 5. Whoever watches a box is awake.
 *
 * A wake is claimed in the store before it is sent and noted there when it was. What a relay has claimed and not
 * brought to an end, another takes over, or the same one after a restart: a phone may be woken twice by that, and is
 * not forgotten.
 */
import type { Clock } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import { MAX_WAKES, WAKE_LOOK_MS, WAKE_PAUSE_MS, WAKE_TICK_MS } from '../limits.js'
import type { Claim, Registry } from './registry.js'

export interface WakerOptions {
  readonly registry: Registry
  readonly clock: Clock
  /** Where other relays of the store may have readers too: a wake waits this long, in ms, for one to fetch. */
  readonly settleMs: number
  /**
   * A claim that was seen unchanged for this long, in ms, is nobody's any more. Undefined: there is no other relay, so
   * what is claimed when this one begins is left from before, and nothing else ever is.
   */
  readonly leaseMs: number | undefined
  /** Somebody has a watch on the box. */
  watched(box: string): boolean
  /** Mail waits in the box. */
  waiting(box: string): Promise<boolean>
  send(gateway: string, token: Uint8Array): Promise<Verdict>
}

export interface Waker {
  /** A frame came into this box; undefined: into some. */
  stored(box: string | undefined): void
  /** Looks whose pause is over, and who was left; until the signal fires. */
  run(signal: AbortSignal): Promise<void>
}

/** A box that was woken lately. */
interface Quiet {
  until: number
  /** Mail came meanwhile. */
  again: boolean
  /** Held on to where the store failed amid the wake. */
  claim?: Claim
}

/** Why it is woken: mail came, mail came in the pause that is over, or another relay's wake is taken over. */
type Why = { readonly kind: 'mail' } | { readonly kind: 'pause' } | { readonly kind: 'left'; claim: Claim }

const DROPPED: ReadonlySet<string> = new Set(['push-gone', 'bad-push', 'not-a-peer'])

interface State {
  readonly options: WakerOptions
  readonly quiet: Map<string, Quiet>
  /** Boxes whose wake this relay has claimed. */
  readonly claimed: Set<string>
  /** Claims that were seen, and since when. */
  seen: Map<string, { readonly version: number; readonly since: number }>
  sending: number
}

/** Sends under the claim, which ends here unless the store or this relay fails. */
async function sendClaimed({ options }: State, box: string, quiet: Quiet, claim: Claim): Promise<void> {
  const { registry, clock, send, waiting, settleMs } = options
  if (settleMs > 0) await clock.sleep(settleMs)
  const registration = await registry.get(box)
  if (registration === undefined || !(await waiting(box))) {
    await registry.release(box, claim)
    // What another relay stored while this one held the claim is this one's to wake for.
    if (registration !== undefined && (await waiting(box))) {
      quiet.again = true
      quiet.until = clock.now()
    }
    return
  }
  const verdict = await send(registration.gateway, registration.token)
  if (verdict === null) return registry.woken(box, claim, quiet.until)
  await registry.release(box, claim)
  if (DROPPED.has(verdict.refused)) return registry.drop(box)
  quiet.until = clock.now() + Math.max(WAKE_PAUSE_MS, verdict.retryAfterMs)
  quiet.again = true
}

async function wake(state: State, box: string, quiet: Quiet, why: Why): Promise<void> {
  const { registry } = state.options
  let claim = why.kind === 'left' ? why.claim : undefined
  state.sending += 1
  state.claimed.add(box)
  try {
    claim ??= await registry.claim(box)
    if (claim !== undefined) await sendClaimed(state, box, quiet, claim)
    // The wake of another relay may have come before this mail. One that came in a whole pause did not.
    else if (why.kind === 'mail') quiet.again = true
  } catch {
    quiet.again = true
    if (claim !== undefined) quiet.claim = claim
  } finally {
    state.claimed.delete(box)
    state.sending -= 1
  }
}

function begin(state: State, box: string, why: Why): void {
  const isLate = state.sending >= MAX_WAKES && why.kind !== 'left'
  const quiet = { until: state.options.clock.now() + WAKE_PAUSE_MS, again: isLate }
  state.quiet.set(box, quiet)
  if (!isLate) void wake(state, box, quiet, why)
}

async function over(state: State, box: string, { again, claim }: Quiet): Promise<void> {
  const { registry, watched, waiting } = state.options
  state.quiet.delete(box)
  // Who has fetched everything meanwhile needs no waking.
  if (again && (await registry.has(box)) && !watched(box) && (await waiting(box)))
    begin(state, box, claim === undefined ? { kind: 'pause' } : { kind: 'left', claim })
  else if (claim !== undefined) await registry.release(box, claim)
}

function noticed(state: State, box: string): void {
  if (state.options.watched(box)) return
  const quiet = state.quiet.get(box)
  if (quiet === undefined) begin(state, box, { kind: 'mail' })
  else quiet.again = true
}

/**
 * Takes over what was claimed and neither sent nor given up: by its version, since clocks differ. True: nothing else
 * is claimed that is not this relay's.
 */
async function lookForLeft(state: State): Promise<boolean> {
  const { registry, clock, leaseMs = 0 } = state.options
  const now = clock.now()
  const before = state.seen
  let isAll = true
  const seen: State['seen'] = new Map()
  for (const { box, version } of await registry.claims()) {
    if (state.claimed.has(box)) continue
    const known = before.get(box)
    const since = known?.version === version ? known.since : now
    seen.set(box, { version, since })
    if (now - since < leaseMs || state.sending >= MAX_WAKES) {
      isAll = false
      continue
    }
    const claim = await registry.takeOver(box, version)
    if (claim !== undefined) begin(state, box, { kind: 'left', claim })
  }
  state.seen = seen
  return isAll
}

async function runWaker(state: State, signal: AbortSignal): Promise<void> {
  const { clock, leaseMs } = state.options
  let lookAt = clock.now()
  while (!signal.aborted) {
    if (clock.now() >= lookAt) {
      const isAll = await lookForLeft(state).catch(() => false)
      // Listing rows costs something: a relay by itself is done with it.
      const isOver = isAll && leaseMs === undefined
      lookAt = isOver ? Number.POSITIVE_INFINITY : clock.now() + WAKE_LOOK_MS
    }
    await clock.sleep(WAKE_TICK_MS, signal).catch(() => {})
    const now = clock.now()
    // In order of insertion, which is nearly that of their ends.
    for (const [box, quiet] of [...state.quiet])
      if (quiet.until <= now) await over(state, box, quiet).catch(() => {})
  }
}

export function createWaker(options: WakerOptions): Waker {
  const state: State = { options, quiet: new Map(), claimed: new Set(), seen: new Map(), sending: 0 }
  const { registry } = options
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
    run: (signal) => runWaker(state, signal),
  }
}
