/** Filters (NIP-01): what a subscription asks for, and whether an event is what was asked. */
import type { UnverifiedEvent } from './event.js'

export interface Filter {
  readonly ids?: readonly string[]
  readonly authors?: readonly string[]
  readonly kinds?: readonly number[]
  /** Values of one-letter tags, by the letter. */
  readonly tags?: Readonly<Record<string, readonly string[]>>
  /** Seconds since 1970, both inclusive. */
  readonly since?: number
  readonly until?: number
  readonly limit?: number
}

/** The form that goes over the wire: `#p` for the tag p. */
export function filterJson({ tags, ...rest }: Filter): Record<string, unknown> {
  const named = Object.entries(tags ?? {}).map(([letter, values]) => [`#${letter}`, values])
  return { ...rest, ...Object.fromEntries(named) }
}

function holds<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return wanted === undefined || wanted.includes(value)
}

/** A relay may send anything: what was not asked for is not taken. */
export function matches(filter: Filter, event: UnverifiedEvent): boolean {
  const { ids, authors, kinds, since, until } = filter
  if (!holds(ids, event.id) || !holds(authors, event.pubkey) || !holds(kinds, event.kind)) return false
  if (since !== undefined && event.created_at < since) return false
  if (until !== undefined && event.created_at > until) return false
  return Object.entries(filter.tags ?? {}).every(([letter, values]) =>
    event.tags.some((tag) => tag[0] === letter && tag[1] !== undefined && values.includes(tag[1])),
  )
}
