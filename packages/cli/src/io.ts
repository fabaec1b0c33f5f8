/** The outside world of one command, injected so that tests and other programs need no process. */
import { type Clock, systemClock } from '@hyphae/core'

export interface Output {
  /** Resolves when the text is on its way; rejects when nobody reads any more. */
  write(text: string): unknown
  readonly isTTY?: boolean
}

export interface CliIo {
  /** Results. */
  readonly stdout: Output
  /** Everything else. */
  readonly stderr: Output
  /** Read by `send WHO -`; empty when left out. */
  readonly stdin?: AsyncIterable<Uint8Array | string>
  /** HYPHAE_HOME, HYPHAE_PASSPHRASE, HYPHAE_DEBUG, HOME, NO_COLOR; empty when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Ends `listen` and `relay`, interrupts the others. */
  readonly signal?: AbortSignal
  /** Calls the listener whenever the process is told to read its files again; gives what forgets it. */
  readonly onHangup?: (listener: () => void) => () => void
  readonly clock?: Clock
  /** Asks at the terminal without echo; left out where there is none. */
  readonly readSecret?: (prompt: string) => Promise<string>
}

export type WholeIo = Required<Omit<CliIo, Absent>> & Pick<CliIo, Absent>

/** What may stay left out. */
type Absent = 'readSecret' | 'onHangup'

export function wholeIo(io: CliIo): WholeIo {
  return {
    stdin: (async function* () {})(),
    env: {},
    signal: new AbortController().signal,
    clock: systemClock,
    ...io,
  }
}
