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
  readonly clock?: Clock
  /** Asks at the terminal without echo; left out where there is none. */
  readonly readSecret?: (prompt: string) => Promise<string>
}

export type WholeIo = Required<Omit<CliIo, 'readSecret'>> & Pick<CliIo, 'readSecret'>

export function wholeIo(io: CliIo): WholeIo {
  return {
    stdin: (async function* () {})(),
    env: {},
    signal: new AbortController().signal,
    clock: systemClock,
    ...io,
  }
}
