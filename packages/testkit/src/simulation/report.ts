/** What is printed when a simulation has failed: the seed, how to run it again, what went wrong and before it. */
import { eventLine } from './event-log.js'
import { type Fault, faultLine } from './faults.js'
import type { SimulationResult } from './simulation.js'

export interface ReportOptions {
  /** The command that runs this seed again. */
  readonly replay?: (seed: number) => string
  readonly faults?: readonly Fault[]
  /** Events shown from the end of the trace. */
  readonly events?: number
}

const SHOWN_EVENTS = 40

export function simulationReport(result: SimulationResult, options: ReportOptions = {}): string {
  const { seed, failure, events, virtualMs, fingerprint, trace } = result
  const lines = [
    `seed ${seed}: ${failure === undefined ? 'passed' : 'FAILED'} after ${events} events, ${(virtualMs / 1000).toFixed(1)} s of virtual time, fingerprint ${fingerprint}`,
  ]
  if (failure === undefined) return `${lines.join('\n')}\n`
  const { actor, what, error } = failure
  lines.push(`${actor}, ${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  if (options.replay !== undefined) lines.push(`again: ${options.replay(seed)}`)
  for (const fault of options.faults ?? []) lines.push(`fault: ${faultLine(fault)}`)
  lines.push('last events:', ...trace.slice(-(options.events ?? SHOWN_EVENTS)).map(eventLine))
  return `${lines.join('\n')}\n`
}
