/**
 * Small values by key, changed by compare-and-swap: one message a subject. spec/relay-engines.md section 2.3.
 */
import { RelayError } from '../../errors.js'
import type { JetStream } from './jetstream.js'
import { MAX_SWAPS } from './limits.js'

/** `next` undefined: nothing changes. */
export interface Change<T> {
  readonly next: Uint8Array | undefined
  readonly result: T
}

export interface Documents {
  get(subject: string): Promise<Uint8Array | undefined>
  /** Decides again on the newer value when another relay was faster. */
  change<T>(subject: string, decide: (held: Uint8Array | undefined) => Change<T>): Promise<T>
}

export function createDocuments(js: JetStream, stream: string): Documents {
  return {
    get: async (subject) => (await js.last(stream, subject))?.data,
    change: async (subject, decide) => {
      for (let swap = 0; swap < MAX_SWAPS; swap++) {
        const held = await js.last(stream, subject)
        const { next, result } = decide(held?.data)
        if (next === undefined) return result
        const answer = await js.publish(subject, next, held?.seq ?? 0)
        if (answer.kind === 'stored') return result
      }
      throw new RelayError('relay/store-unreachable', { details: { swaps: MAX_SWAPS } })
    },
  }
}
