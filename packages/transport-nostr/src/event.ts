/**
 * Events (NIP-01): read, named, signed and verified. Nothing about an event is believed because somebody said it: the
 * id is recomputed, the signature checked over the recomputed id, each time, and the verdict is a new value.
 */
import { fromHex, toHex, utf8 } from '@hyphae/core'
import * as v from 'valibot'
import { NostrError } from './errors.js'
import { type NostrKey, type PublicKeyHex, secretOf } from './key.js'
import { MAX_CREATED_AT, MAX_EVENT_BYTES, MAX_KIND, MAX_TAG_ELEMENTS, MAX_TAGS } from './limits.js'
import type { Nostr } from './nostr.js'

export type Tag = readonly string[]

/** What an author decides. */
export interface EventTemplate {
  readonly kind: number
  /** Seconds since 1970. */
  readonly created_at: number
  readonly tags: readonly Tag[]
  readonly content: string
}

/** An event without signature: private messages travel as these. */
export interface Rumor extends EventTemplate {
  readonly pubkey: PublicKeyHex
  /** SHA-256 of the serialisation, 64 hexadecimal digits. */
  readonly id: string
}

/** Shaped like an event; neither id nor signature were checked. */
export interface UnverifiedEvent extends Rumor {
  readonly sig: string
}

declare const verified: unique symbol
/** Its id is that of its content and its signature that of its author. Frozen through and through. */
export type NostrEvent = UnverifiedEvent & { readonly [verified]: true }

const digits = (count: number): v.GenericSchema<string> =>
  v.pipe(v.string(), v.regex(new RegExp(`^[0-9a-f]{${count}}$`)))
const whole = (limit: number): v.GenericSchema<number> =>
  v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(limit))

const rumorEntries = {
  id: digits(64),
  pubkey: digits(64),
  created_at: whole(MAX_CREATED_AT),
  kind: whole(MAX_KIND),
  tags: v.pipe(v.array(v.pipe(v.array(v.string()), v.maxLength(MAX_TAG_ELEMENTS))), v.maxLength(MAX_TAGS)),
  content: v.string(),
}
const rumorSchema: v.GenericSchema<unknown, Rumor> = v.object(rumorEntries)
const eventSchema: v.GenericSchema<unknown, UnverifiedEvent> = v.object({ ...rumorEntries, sig: digits(128) })

/** A new value with the fields of an event and no others. @throws NostrError `nostr/bad-event` */
export function readEvent(value: unknown): UnverifiedEvent {
  const read = v.safeParse(eventSchema, value)
  if (!read.success) throw new NostrError('nostr/bad-event')
  return read.output
}

/** @throws NostrError `nostr/bad-event`, also when the id is not that of the content */
export function readRumor(nostr: Nostr, value: unknown): Rumor {
  const read = v.safeParse(rumorSchema, value)
  if (!read.success || read.output.id !== eventId(nostr, read.output)) throw new NostrError('nostr/bad-event')
  return read.output
}

/** JSON text of at most MAX_EVENT_BYTES. @throws NostrError `nostr/bad-event` */
export function parseJson(text: string): unknown {
  if (text.length > MAX_EVENT_BYTES)
    throw new NostrError('nostr/bad-event', { details: { length: text.length } })
  try {
    return JSON.parse(text)
  } catch {
    throw new NostrError('nostr/bad-event')
  }
}

/** 64 hexadecimal digits. */
export function eventId({ crypto }: Nostr, event: Omit<Rumor, 'id'>): string {
  const { pubkey, created_at, kind, tags, content } = event
  return toHex(crypto.sha256(utf8(JSON.stringify([0, pubkey, created_at, kind, tags, content]))))
}

export function makeRumor(nostr: Nostr, author: PublicKeyHex, template: EventTemplate): Rumor {
  const { kind, created_at, tags, content } = template
  const unnamed = { pubkey: author, created_at, kind, tags: tags.map((tag) => [...tag]), content }
  return { id: eventId(nostr, unnamed), ...unnamed }
}

/** @throws NostrError `nostr/foreign-key`, `nostr/bad-event` when the template breaks a limit */
export function signEvent(nostr: Nostr, author: NostrKey, template: EventTemplate): NostrEvent {
  const rumor = makeRumor(nostr, author.publicKey, template)
  const auxiliary = nostr.crypto.randomBytes(32)
  const sig = toHex(nostr.secp256k1.sign(fromHex(rumor.id), secretOf(author), auxiliary))
  return seal(readEvent({ ...rumor, sig }))
}

/** Values made by this module, which nothing can change: only of these is it known that they were verified. */
const genuine = new WeakSet<object>()

function seal(event: UnverifiedEvent): NostrEvent {
  for (const tag of event.tags) Object.freeze(tag)
  Object.freeze(event.tags)
  Object.freeze(event)
  genuine.add(event)
  return event as NostrEvent
}

/**
 * Null when id or signature are not those of the content. The result is a copy: what happens to the value given has
 * no effect on it. A value that this function returned, itself and no copy of it, is returned again.
 * @throws NostrError `nostr/bad-event`
 */
export function verifyEvent(nostr: Nostr, value: unknown): NostrEvent | null {
  if (typeof value === 'object' && value !== null && genuine.has(value)) return value as NostrEvent
  const event = readEvent(value)
  if (event.id !== eventId(nostr, event)) return null
  const valid = nostr.secp256k1.verify(fromHex(event.sig), fromHex(event.id), fromHex(event.pubkey))
  return valid ? seal(event) : null
}

/** The first value of the first tag of this name. */
export function tagValue(event: EventTemplate, name: string): string | undefined {
  return event.tags.find((tag) => tag[0] === name)?.[1]
}
