/**
 * Stocks of one-time items over relays that hand nothing out once (spec/nostr.md, "Stock"): uploads lie there in parts,
 * and items are claimed. Two takers get one item only if no relay shows both of them both claims; the device then refuses
 * the second use.
 */
import {
  type Clock,
  concatBytes,
  type Directory,
  fromHex,
  KEY_BYTES,
  type StockItem,
  type StockUpload,
  toHex,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { verifyStockUpload } from '@hyphae/tlv'
import type { AuthorKeys } from './author-keys.js'
import { NostrError } from './errors.js'
import { generateNostrKey, type NostrKey } from './key.js'
import {
  CLAIM_PAUSE_MS,
  DIRECTORY_PAGES,
  MAX_CLAIM_ATTEMPTS,
  MAX_STOCK_PARTS,
  MAX_WAITING_ITEMS,
  STOCK_LIFETIME_SECONDS,
} from './limits.js'
import type { Nostr } from './nostr.js'
import { type FoundNote, filterOfPlace, openNotes, type Place, placeOf, sealNote } from './place.js'
import type { NostrPool } from './pool.js'
import { encodeClaim, type ItemName, itemKey, readClaims } from './stock-claim.js'
import { type FoundUpload, joinUploads, splitUpload } from './stock-part.js'
import { createTurns } from './turns.js'

export interface StockContext {
  readonly nostr: Nostr
  readonly crypto: CryptoProvider
  readonly pool: Pick<NostrPool, 'publish' | 'query'>
  readonly clock: Clock
  /** Uniform in [0, 1): spreads takers who meet. */
  readonly random: () => number
  readonly authors: AuthorKeys
}

interface Stock {
  readonly writer: Uint8Array
  readonly kind: number
  readonly parts: Place
  readonly claims: Place
}

interface Item extends ItemName {
  readonly bytes: Uint8Array
}

interface Shelf {
  readonly uploads: readonly FoundUpload[]
  /** Of the uploads that count. */
  readonly items: readonly Item[]
  readonly lastResort: FoundUpload | undefined
  readonly notes: readonly FoundNote[]
}

type Claims = ReadonlyMap<string, ReadonlySet<string>>

export function createStock(context: StockContext): Pick<Directory, 'stock' | 'take' | 'remaining'> {
  const inTurn = createTurns()
  return {
    stock: async (upload, options) => {
      if (!verifyStockUpload(context.crypto, upload)) throw new NostrError('nostr/bad-record')
      const stock = stockOf(context, upload.writer, upload.kind)
      await inTurn(stock.parts.tag, () => put(context, stock, upload, options?.signal))
    },
    take: (writer, kind, options) => {
      const stock = stockOf(context, writer, kind)
      return inTurn(stock.parts.tag, () => take(context, stock, options?.signal))
    },
    remaining: async (writer, kind, options) => {
      const stock = stockOf(context, writer, kind)
      const [shelf, claims] = await look(context, stock, options?.signal)
      return free(shelf, claims).length
    },
  }
}

/** @throws NostrError `nostr/bad-record` */
function stockOf({ nostr }: StockContext, writer: Uint8Array, kind: number): Stock {
  if (writer.length !== KEY_BYTES || !Number.isInteger(kind) || kind < 0 || kind > 255)
    throw new NostrError('nostr/bad-record', { details: { writerBytes: writer.length, kind } })
  const name = concatBytes(writer, Uint8Array.of(kind))
  return { writer, kind, parts: placeOf(nostr, 'stock', name), claims: placeOf(nostr, 'claims', name) }
}

async function notesAt(context: StockContext, place: Place, signal?: AbortSignal): Promise<FoundNote[]> {
  const { nostr, pool } = context
  const options = { pages: DIRECTORY_PAGES, ...(signal !== undefined && { signal }) }
  return openNotes(nostr, place, await pool.query(filterOfPlace(place), options))
}

async function look(context: StockContext, stock: Stock, signal?: AbortSignal): Promise<[Shelf, Claims]> {
  const [parts, claims] = await Promise.all([
    notesAt(context, stock.parts, signal),
    notesAt(context, stock.claims, signal),
  ])
  return [shelfOf(context, stock, parts), readClaims(claims)]
}

/** Uploads before the last that replaces do not count, but for the last resort when no later one brings any. */
function shelfOf({ crypto }: StockContext, stock: Stock, notes: readonly FoundNote[]): Shelf {
  const uploads = joinUploads(crypto, stock, notes)
  const from = uploads.findLastIndex(({ upload }) => upload.replace)
  const items = uploads
    .slice(Math.max(0, from))
    .flatMap(({ upload, digest }) => upload.items.map((bytes, index) => ({ digest, index, bytes })))
  return { uploads, items, lastResort: uploads.findLast(({ upload }) => upload.lastResort.length > 0), notes }
}

function free({ items }: Shelf, claims: Claims): Item[] {
  return items.filter((item) => !claims.has(itemKey(item)))
}

async function put(
  context: StockContext,
  stock: Stock,
  upload: StockUpload,
  signal?: AbortSignal,
): Promise<void> {
  const [shelf, claims] = await look(context, stock, signal)
  const newest = shelf.uploads.at(-1)?.upload
  if (shelf.uploads.some((known) => toHex(known.upload.signature) === toHex(upload.signature))) return
  if (newest !== undefined && upload.sequence <= newest.sequence)
    throw new NostrError('nostr/stale', { details: { sequence: upload.sequence, stored: newest.sequence } })
  const waiting = upload.replace ? 0 : free(shelf, claims).length
  if (waiting + upload.items.length > MAX_WAITING_ITEMS)
    throw new NostrError('nostr/full', { details: { items: waiting, limit: MAX_WAITING_ITEMS } })
  const parts = splitUpload(context.crypto, upload)
  const keys = slots(context, stock, parts.length, keptAuthors(shelf, upload))
  await Promise.all(
    parts.map((content, index) => {
      const author = keys[index] as NostrKey
      const before = shelf.notes.find(({ event }) => event.pubkey === author.publicKey)?.event.created_at ?? 0
      const created_at = Math.max(seconds(context), before + 1)
      const note = { author, created_at, lifetime: STOCK_LIFETIME_SECONDS, content }
      return context.pool.publish(
        sealNote(context.nostr, stock.parts, note),
        signal === undefined ? {} : { signal },
      )
    }),
  )
}

/** Whose notes hold what still counts beside this upload; the others may be written over. */
function keptAuthors({ uploads, lastResort }: Shelf, upload: StockUpload): ReadonlySet<string> {
  const from = Math.max(
    0,
    uploads.findLastIndex(({ upload: { replace } }) => replace),
  )
  const kept = upload.replace ? [] : uploads.slice(from)
  const needed = upload.lastResort.length > 0 || lastResort === undefined ? kept : [...kept, lastResort]
  return new Set(needed.flatMap(({ authors }) => authors))
}

/** @throws NostrError `nostr/full` */
function slots(context: StockContext, stock: Stock, count: number, taken: ReadonlySet<string>): NostrKey[] {
  const found: NostrKey[] = []
  for (let slot = 0; found.length < count; slot++) {
    if (slot >= 2 * MAX_STOCK_PARTS) throw new NostrError('nostr/full', { details: { parts: slot } })
    const key = context.authors(stock.parts, stock.writer, slot)
    if (!taken.has(key.publicKey)) found.push(key)
  }
  return found
}

const seconds = ({ clock }: StockContext): number => Math.floor(clock.now() / 1000)

async function take(
  context: StockContext,
  stock: Stock,
  signal?: AbortSignal,
): Promise<StockItem | undefined> {
  let [shelf, claims] = await look(context, stock, signal)
  for (let attempt = 0; attempt < MAX_CLAIM_ATTEMPTS; attempt++) {
    const open = free(shelf, claims)
    const item = open[Math.floor(context.random() * open.length)]
    if (item === undefined) break
    const others = await claim(context, stock, item, signal)
    if (others === 'nobody') return { item: item.bytes.slice(), lastResort: false }
    await context.clock.sleep(Math.ceil(context.random() * CLAIM_PAUSE_MS * 2 ** attempt), signal)
    ;[shelf, claims] = await look(context, stock, signal)
  }
  const bytes = shelf.lastResort?.upload.lastResort
  return bytes === undefined ? undefined : { item: bytes.slice(), lastResort: true }
}

/**
 * Says that the item is taken, then looks who else does. Of two that claim one item the later look sees both claims, so
 * at most one of them finds nobody; who finds somebody steps back.
 */
async function claim(
  { nostr, pool, ...context }: StockContext,
  stock: Stock,
  item: Item,
  signal?: AbortSignal,
): Promise<'nobody' | 'somebody'> {
  const author = generateNostrKey(nostr)
  const options = signal === undefined ? {} : { signal }
  const created_at = seconds({ nostr, pool, ...context })
  const say = (state: 'claimed' | 'released', at: number): Promise<void> => {
    const content = encodeClaim(state, fromHex(item.digest), item.index)
    const note = { author, created_at: at, lifetime: STOCK_LIFETIME_SECONDS, content }
    return pool.publish(sealNote(nostr, stock.claims, note), options)
  }
  await say('claimed', created_at)
  const claims = readClaims(await notesAt({ nostr, pool, ...context }, stock.claims, signal))
  const claimants = claims.get(itemKey(item)) ?? new Set()
  if ([...claimants].every((claimant) => claimant === author.publicKey)) return 'nobody'
  await say('released', created_at + 1)
  return 'somebody'
}
