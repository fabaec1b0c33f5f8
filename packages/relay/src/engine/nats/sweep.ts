/**
 * Removes what has expired from logs that nobody asks for. spec/relay-engines.md section 2.2.
 *
 * A sweep asks for the list of logs, and reads those in which something may have expired since
 * this relay last looked: what expires next is noted when a bucket was read.
 */
import type { RelayLimits } from '../../limits.js'
import { classMs } from '../due.js'
import type { Buckets } from './buckets.js'
import type { JetStream } from './jetstream.js'
import type { Logs } from './logs.js'
import type { Subjects } from './names.js'
import { spentBefore } from './spends.js'
import { nextExpiry } from './state.js'

export interface SweepContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly buckets: Buckets
  readonly logs: Logs
  readonly limits: RelayLimits
  now(): number
}

/** Nothing that another relay puts meanwhile goes before a frame of the shortest class. */
function lookAt(state: Parameters<typeof nextExpiry>[0], now: number, limits: RelayLimits): number {
  return Math.min(nextExpiry(state), now + Math.min(classMs(1, limits), limits.idLifeMs))
}

/** Sweeps with a memory of what is due when. */
export function createSweep(context: SweepContext): (signal: AbortSignal) => Promise<void> {
  const { js, names, buckets, logs, limits, now } = context
  const due = new Map<string, number>()
  const sweepMail = async (signal: AbortSignal): Promise<void> => {
    const frames = await js.subjects(names.mail, names.bucket('*'))
    const notes = await js.subjects(names.mail, names.note('*'))
    const tokens = new Set([...frames.keys(), ...notes.keys()].map((subject) => names.keyOf(subject)))
    for (const token of due.keys()) if (!tokens.has(token)) due.delete(token)
    for (const token of tokens) {
      if (signal.aborted) return
      if ((due.get(token) ?? 0) > now()) continue
      await buckets.collect(token)
      due.set(token, lookAt(buckets.at(token).state, now(), limits))
    }
  }
  return async (signal) => {
    await sweepMail(signal)
    await logs.sweep(signal)
    for (const subject of spentBefore(names, now())) {
      if (signal.aborted) return
      await js.purge(names.spent, subject)
    }
  }
}
