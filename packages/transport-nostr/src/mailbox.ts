/**
 * The Mailbox port over Nostr relays. Relays forget a frame when it expires, not when it is acknowledged: an
 * acknowledgement is remembered here, for as long as the carrier lives, and whoever reads drops what it has seen.
 */
import {
  type BoxId,
  type BoxKey,
  type Clock,
  CoreError,
  type Delivery,
  isFrameSize,
  KEY_BYTES,
  type Mailbox,
  type MailboxPut,
  MESSAGE_ID_BYTES,
  toHex,
} from '@hyphae/core'
import { type Box, boxOf, compareLetters, type Letter, openLetter, wrapLetter } from './box.js'
import { NostrError } from './errors.js'
import type { NostrEvent } from './event.js'
import type { Filter } from './filter.js'
import { KIND_GIFT_WRAP } from './kinds.js'
import { MAX_ACKNOWLEDGED, MAX_KNOWN_BOXES } from './limits.js'
import type { Nostr } from './nostr.js'
import type { NostrPool } from './pool.js'

const DEFAULT_LIMIT = 100
/** Numbers within one millisecond: a u16. */
const NUMBERS = 0x1_0000

interface MailboxContext {
  readonly nostr: Nostr
  readonly pool: NostrPool
  readonly clock: Clock
  /** Boxes written to and read, the one not used longest first. */
  readonly known: Map<string, Box>
  readonly boxes: Map<string, OpenBox>
  sentAt: number
  number: number
}

/** What is known of a box that this carrier reads. */
interface OpenBox extends Box {
  /** Ids of frames that were acknowledged, oldest first. */
  readonly acknowledged: Set<string>
  /** Ids of frames that were delivered, by cursor, until they are acknowledged. */
  readonly delivered: Map<number, string>
  cursor: number
}

export function createMailbox(base: Pick<MailboxContext, 'nostr' | 'pool' | 'clock'>): Mailbox {
  const context: MailboxContext = {
    ...base,
    known: new Map(),
    boxes: new Map(),
    sentAt: 0,
    number: 0,
  }
  return {
    put: (items, options) => put(context, items, options?.signal),
    fetch: async (box, { limit = DEFAULT_LIMIT, signal } = {}) => {
      const open = openBox(context, box.id)
      const events = await context.pool.query(filterOf(open), signal === undefined ? {} : { signal })
      return deliveries(context, open, events, new Set()).slice(0, limit)
    },
    watch: (box, options) => watch(context, box, options?.signal),
  }
}

function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length)
    throw new NostrError('nostr/bad-frame', { details: { name, length: bytes.length } })
}

function check({ box, id, frame }: MailboxPut): void {
  checkLength(box, KEY_BYTES, 'box')
  checkLength(id, MESSAGE_ID_BYTES, 'id')
  if (!isFrameSize(frame.length))
    throw new NostrError('nostr/bad-frame', { details: { frame: frame.length } })
}

async function put(
  context: MailboxContext,
  items: readonly MailboxPut[],
  signal?: AbortSignal,
): Promise<void> {
  for (const item of items) check(item)
  if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  const options = signal === undefined ? {} : { signal }
  await Promise.all(
    items.map(({ box, id, frame }) => {
      const letter = { id, frame, ...nextPlace(context) }
      const event = wrapLetter(context.nostr, knownBox(context, box), letter)
      return context.pool.publish(event, options)
    }),
  )
}

/** Rises with every frame sent, also when the clock stands still or goes back. */
function nextPlace(context: MailboxContext): Pick<Letter, 'sentAt' | 'number'> {
  const now = context.clock.now()
  const next = context.number + 1
  if (now > context.sentAt) Object.assign(context, { sentAt: now, number: 0 })
  else if (next < NUMBERS) context.number = next
  else Object.assign(context, { sentAt: context.sentAt + 1, number: 0 })
  return { sentAt: context.sentAt, number: context.number }
}

/** Kept under its name as the newest; of more than MAX_KNOWN_BOXES the one not used longest is forgotten. */
function keep<T>(boxes: Map<string, T>, name: string, box: T): T {
  boxes.delete(name)
  boxes.set(name, box)
  if (boxes.size > MAX_KNOWN_BOXES) boxes.delete(boxes.keys().next().value as string)
  return box
}

function knownBox({ known, nostr }: MailboxContext, id: BoxId): Box {
  const name = toHex(id)
  return keep(known, name, known.get(name) ?? boxOf(nostr, id))
}

function openBox(context: MailboxContext, id: BoxId): OpenBox {
  checkLength(id, KEY_BYTES, 'box')
  const name = toHex(id)
  const fresh = (): OpenBox => ({
    ...knownBox(context, id),
    acknowledged: new Set(),
    delivered: new Map(),
    cursor: 0,
  })
  return keep(context.boxes, name, context.boxes.get(name) ?? fresh())
}

const filterOf = (box: Box): Filter => ({ kinds: [KIND_GIFT_WRAP], tags: { p: [box.tag] } })

/** What can be read of these events, in sending order, without copies and without what was acknowledged. */
function deliveries(
  { nostr }: MailboxContext,
  box: OpenBox,
  events: readonly NostrEvent[],
  given: Set<string>,
): Delivery[] {
  const letters = events.flatMap((event) => {
    try {
      return [openLetter(nostr, box, event)]
    } catch {
      // The box is known to whoever may write into it; what they wrote is no frame.
      return []
    }
  })
  const fresh: Delivery[] = []
  for (const { id, frame } of letters.sort(compareLetters)) {
    const name = toHex(id)
    if (given.has(name) || box.acknowledged.has(name)) continue
    remember(given, name)
    box.cursor += 1
    const { cursor } = box
    box.delivered.set(cursor, name)
    fresh.push({ frame, cursor, ack: async () => acknowledge(box, cursor) })
  }
  return fresh
}

function remember(names: Set<string>, name: string): void {
  names.add(name)
  if (names.size > MAX_ACKNOWLEDGED) names.delete(names.values().next().value as string)
}

/** This delivery and all earlier ones. */
function acknowledge(box: OpenBox, upTo: number): void {
  for (const [cursor, name] of box.delivered) {
    if (cursor > upTo) break
    box.delivered.delete(cursor)
    remember(box.acknowledged, name)
  }
}

async function* watch(
  context: MailboxContext,
  key: BoxKey,
  signal?: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const box = openBox(context, key.id)
  const given = new Set<string>()
  for await (const events of context.pool.watch(filterOf(box), signal === undefined ? {} : { signal })) {
    for (const delivery of deliveries(context, box, events, given)) {
      if (signal?.aborted) return
      yield delivery
    }
  }
}
