/**
 * Where people read and write (NIP-65, kind 10002) and where they read private messages (NIP-17, kind 10050): lists that
 * each replace the one before. What a relay sends as somebody's list is verified like any event; the newest counts.
 */
import type { IoOptions } from '@hyphae/core'
import { NostrError } from './errors.js'
import type { EventTemplate, NostrEvent, Tag } from './event.js'
import type { NostrKey, PublicKeyHex } from './key.js'
import { KIND_MESSAGE_RELAYS, KIND_RELAY_LIST } from './kinds.js'
import { MAX_LISTED_RELAYS } from './limits.js'
import type { NostrPool } from './pool.js'
import { relayUrl } from './relay-url.js'

/** One of the relays in a NIP-65 list. */
export interface ListedRelay {
  readonly url: string
  /** Looked at for what is said to its owner. */
  readonly read: boolean
  /** Where its owner publishes. */
  readonly write: boolean
}

/** For `signEvent`. @throws NostrError `nostr/bad-url` for one that is none, or more than MAX_LISTED_RELAYS */
export function relayListTemplate(relays: readonly ListedRelay[], now: number): EventTemplate {
  const tags = listed(relays).map(({ url, read, write }): Tag => {
    if (!read && !write)
      throw new NostrError('nostr/bad-url', { details: { reason: 'neither read nor written' } })
    const marker = read && write ? [] : [read ? 'read' : 'write']
    return ['r', relayUrl(url).href, ...marker]
  })
  return { kind: KIND_RELAY_LIST, created_at: now, tags, content: '' }
}

/** For `signEvent`: the relays that private messages shall be left at. @throws NostrError `nostr/bad-url` */
export function messageRelaysTemplate(urls: readonly string[], now: number): EventTemplate {
  const tags = listed(urls).map((url): Tag => ['relay', relayUrl(url).href])
  return { kind: KIND_MESSAGE_RELAYS, created_at: now, tags, content: '' }
}

function listed<T>(relays: readonly T[]): readonly T[] {
  if (relays.length === 0 || relays.length > MAX_LISTED_RELAYS)
    throw new NostrError('nostr/bad-url', { details: { relays: relays.length } })
  return relays
}

/** What is no relay in somebody's list is passed over; of what is, the first MAX_LISTED_RELAYS count. */
export function readRelayList(event: NostrEvent): ListedRelay[] {
  return urlsIn(event, 'r').flatMap(({ url, marker }) => {
    if (marker !== undefined && marker !== 'read' && marker !== 'write') return []
    return [{ url, read: marker !== 'write', write: marker !== 'read' }]
  })
}

/** As `readRelayList`. */
export function readMessageRelays(event: NostrEvent): string[] {
  return urlsIn(event, 'relay').map(({ url }) => url)
}

function urlsIn(event: NostrEvent, name: string): { url: string; marker: string | undefined }[] {
  const found = new Map<string, { url: string; marker: string | undefined }>()
  for (const [tag, url, marker] of event.tags) {
    if (tag !== name || url === undefined || found.size === MAX_LISTED_RELAYS) continue
    try {
      const { href } = relayUrl(url)
      if (!found.has(href)) found.set(href, { url: href, marker })
    } catch {
      // One bad entry must not hide the others.
    }
  }
  return [...found.values()]
}

/**
 * Where `person` reads private messages, by the newest list that these relays have. NIP-17 says not to send where there
 * is none: nobody would look there.
 * @throws NostrError `nostr/no-message-relays`, `nostr/unreachable`
 */
export async function messageRelaysOf(
  pool: Pick<NostrPool, 'query'>,
  person: PublicKeyHex,
  options?: IoOptions,
): Promise<string[]> {
  const list = await newest(pool, person, KIND_MESSAGE_RELAYS, options)
  const urls = list === undefined ? [] : readMessageRelays(list)
  if (urls.length === 0) throw new NostrError('nostr/no-message-relays')
  return urls
}

/** Empty where these relays have none. @throws NostrError `nostr/unreachable` */
export async function relayListOf(
  pool: Pick<NostrPool, 'query'>,
  person: PublicKeyHex,
  options?: IoOptions,
): Promise<ListedRelay[]> {
  const list = await newest(pool, person, KIND_RELAY_LIST, options)
  return list === undefined ? [] : readRelayList(list)
}

/** NIP-01: of replaceable events the newest counts, and of two of one second that with the lower id. */
async function newest(
  pool: Pick<NostrPool, 'query'>,
  person: NostrKey['publicKey'],
  kind: number,
  options?: IoOptions,
): Promise<NostrEvent | undefined> {
  const events = await pool.query({ kinds: [kind], authors: [person] }, options)
  const newer = (a: NostrEvent, b: NostrEvent): boolean =>
    a.created_at > b.created_at || (a.created_at === b.created_at && a.id < b.id)
  return events.reduce<NostrEvent | undefined>(
    (best, event) => (best === undefined || newer(event, best) ? event : best),
    undefined,
  )
}
