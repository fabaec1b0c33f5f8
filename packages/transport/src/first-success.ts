/** Asking several carriers at once. One that fails is logged; only when all fail does the call. */
import { isHyphaeError, type Logger } from '@hyphae/core'
import { TransportError } from './errors.js'
import { MAX_BACKGROUND_CALLS } from './limits.js'

export interface Asked {
  readonly name: string
}

/** A caller that knows how many calls to each carrier are still open. */
export interface Asker {
  /** Resolves at the first success; the other calls go on. @throws TransportError `transport/all-failed` */
  first<C extends Asked, T>(carriers: readonly C[], what: string, ask: (carrier: C) => Promise<T>): Promise<T>
  /** Answers of all that did not fail, in the carriers' order. @throws TransportError `transport/all-failed` */
  all<C extends Asked, T>(carriers: readonly C[], what: string, ask: (carrier: C) => Promise<T>): Promise<T[]>
}

export function createAsker(logger: Logger): Asker {
  const open = new Map<Asked, number>()

  const ask = async <C extends Asked, T>(
    carrier: C,
    what: string,
    call: (carrier: C) => Promise<T>,
  ): Promise<T> => {
    const calls = open.get(carrier) ?? 0
    try {
      if (calls >= MAX_BACKGROUND_CALLS) throw new TransportError('transport/busy', { details: { calls } })
      open.set(carrier, calls + 1)
      try {
        const answer = await call(carrier)
        logger.debug('a carrier answered', { what, carrier: carrier.name })
        return answer
      } finally {
        open.set(carrier, (open.get(carrier) ?? 1) - 1)
      }
    } catch (error) {
      const code = isHyphaeError(error) ? error.code : 'unknown'
      logger.warn('a carrier failed', { what, carrier: carrier.name, code })
      throw error
    }
  }

  return {
    first: async (carriers, what, call) => {
      if (carriers.length === 0) throw new TransportError('transport/unsupported', { details: { what } })
      try {
        return await Promise.any(carriers.map((carrier) => ask(carrier, what, call)))
      } catch (error) {
        throw allFailed((error as AggregateError).errors)
      }
    },
    all: async (carriers, what, call) => {
      if (carriers.length === 0) throw new TransportError('transport/unsupported', { details: { what } })
      const results = await Promise.allSettled(carriers.map((carrier) => ask(carrier, what, call)))
      const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      if (answers.length > 0) return answers
      throw allFailed(results.map((result) => (result.status === 'rejected' ? result.reason : undefined)))
    },
  }
}

/** One error for many: what no carrier will ever do keeps its own name, the rest may be tried again. */
export function allFailed(errors: readonly unknown[]): Error {
  const [first] = errors
  if (isHyphaeError(first) && errors.every((error) => isHyphaeError(error) && !error.retryable)) return first
  const cause = new AggregateError(errors)
  return new TransportError('transport/all-failed', { details: { carriers: errors.length }, cause })
}
