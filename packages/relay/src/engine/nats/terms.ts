/** Terms of boxes in the NATS engine, asked for before every put: held in memory for a minute. spec/relay.md 3.1. */
import { systemClock } from '@hyphae/core'
import type { BoxTerms } from '@hyphae/transport-relay/wire'
import { boxName } from '../keys.js'
import { decodeTerms, encodeTerms } from '../terms-value.js'
import type { JetStream } from './jetstream.js'
import { MAX_CACHED_TERMS, TERMS_AGE_MS } from './limits.js'
import type { Subjects } from './names.js'

type Found = BoxTerms | undefined

export interface Terms {
  get(box: Uint8Array): Found | Promise<Found>
  set(box: Uint8Array, terms: BoxTerms): Promise<void>
}

interface Held {
  readonly terms: Found
  readonly readAt: number
}

export interface TermsContext {
  readonly js: JetStream
  readonly names: Subjects
  readonly lifeMs: number
  now(): number
}

export function createTerms({ js, names, lifeMs, now }: TermsContext): Terms {
  const held = new Map<string, Held>()
  const reading = new Map<string, Promise<Found>>()
  const hold = (name: string, terms: Found): void => {
    held.delete(name)
    held.set(name, { terms, readAt: systemClock.now() })
    if (held.size > MAX_CACHED_TERMS) held.delete(held.keys().next().value as string)
  }
  const read = async (box: Uint8Array, name: string): Promise<Found> => {
    const value = (await js.last(names.terms, names.termsOf(box)))?.data
    const decoded = value === undefined ? undefined : decodeTerms(value)
    const terms = decoded !== undefined && decoded.until > now() ? decoded.terms : undefined
    hold(name, terms)
    return terms
  }
  return {
    get: (box) => {
      const name = boxName(box)
      const known = held.get(name)
      if (known !== undefined && systemClock.now() - known.readAt < TERMS_AGE_MS) return known.terms
      const running = reading.get(name)
      if (running !== undefined) return running
      const begun = read(box, name).finally(() => reading.delete(name))
      reading.set(name, begun)
      return begun
    },
    set: async (box, terms) => {
      await js.publish(names.termsOf(box), encodeTerms(now() + lifeMs, terms))
      hold(boxName(box), terms)
    },
  }
}
