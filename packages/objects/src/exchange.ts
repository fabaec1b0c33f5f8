/**
 * Objects over links: a node that publishes, fetches, keeps objects for others and passes them on (spec/objects.md).
 *
 * Everything it holds is in its store; it goes on after a crash with the indices that are missing.
 */
import {
  type Clock,
  type IoOptions,
  isHyphaeError,
  type Logger,
  type Store,
  silentLogger,
  systemClock,
  toHex,
} from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { pumpAll } from './asking.js'
import { type Attachment, type AttachOptions, attach } from './attachment.js'
import { ObjectsError } from './errors.js'
import { createEventHub, type EventHub, type ObjectEvent } from './events.js'
import type { ObjectHash } from './hash.js'
import type { Held } from './held.js'
import { DEFAULT_QUOTA_BYTES, LONGEST_SLEEP_MS, MAX_OBJECTS } from './limits.js'
import { forgetObject, type Neighbour } from './neighbour.js'
import type { NodeContext, Verdict } from './node-context.js'
import {
  type CreateObject,
  createObject,
  type DataObject,
  type Description,
  openDescription,
} from './object.js'
import { keepOwn } from './publishing.js'
import { type ObjectStatus, readPart, statusOf, waitUntilComplete } from './reading.js'
import { rememberDropped } from './receiving.js'
import { type DropReason, openShelf } from './shelf.js'

export interface ExchangeOptions {
  /** Not closed with the exchange. */
  readonly store: Store
  readonly clock?: Clock
  readonly crypto?: CryptoProvider
  readonly logger?: Logger
  /** Payload and tree of all objects. */
  readonly quotaBytes?: number
  /** What to do with an object that is heard of; `fetch` when left out. */
  readonly accept?: (description: Description, from: string) => Verdict
}

export interface ObjectExchange extends AsyncDisposable {
  /** Makes an object, stores it, and tells the neighbours. @throws ObjectsError */
  publish(options: Omit<CreateObject, 'created'>): Promise<DataObject>
  /** The same with an object that was made before, and is checked whole. @throws ObjectsError */
  put(object: DataObject): Promise<void>
  /** Begins to use a link. */
  attach(options: AttachOptions): Attachment
  /** Fetches an object that was only described so far. @throws ObjectsError `objects/unknown` */
  fetch(hash: ObjectHash): Promise<void>
  /** The payload, verified; undefined while it is not whole. */
  read(hash: ObjectHash): Promise<Uint8Array | undefined>
  /** `length` bytes of it from `offset`; undefined while a chunk of them is missing. */
  readPart(hash: ObjectHash, offset: number, length: number): Promise<Uint8Array | undefined>
  status(hash: ObjectHash): ObjectStatus | undefined
  list(): ObjectStatus[]
  /** Resolves when the payload is here. @throws CoreError `core/aborted`; ObjectsError `objects/closed` */
  completed(hash: ObjectHash, options?: IoOptions): Promise<void>
  /** Drops an object here; neighbours keep theirs. */
  drop(hash: ObjectHash): Promise<void>
  events(options?: IoOptions): AsyncIterable<ObjectEvent>
  /** Calls `read` with every event as it happens, until what it returns is called. */
  listen(read: (event: ObjectEvent) => void): () => void
  close(): Promise<void>
}

/** What expired or was dropped by hand is not taken again for so long; what had to make room may come back sooner. */
const DROPPED_MS: Readonly<Record<DropReason, number>> = {
  expired: 24 * 60 * 60 * 1000,
  asked: 24 * 60 * 60 * 1000,
  replaced: 24 * 60 * 60 * 1000,
  full: 10 * 60 * 1000,
  damaged: 0,
}

interface Running {
  readonly context: NodeContext
  readonly hub: EventHub
  readonly closing: AbortController
  readonly loops: Set<Promise<void>>
  links: number
}

/** Opens the exchange on what its store holds. */
export async function openExchange(options: ExchangeOptions): Promise<ObjectExchange> {
  const { store, clock = systemClock, crypto = defaultCrypto, logger = silentLogger } = options
  const hub = createEventHub()
  const closing = new AbortController()
  const neighbours = new Map<string, Neighbour>()
  const room = { quotaBytes: options.quotaBytes ?? DEFAULT_QUOTA_BYTES, maxObjects: MAX_OBJECTS }
  const dropped = (held: Held, reason: DropReason): void => {
    for (const neighbour of neighbours.values()) forgetObject(neighbour, held.id)
    rememberDropped(context, held.id, clock.now() + DROPPED_MS[reason])
    hub.emit({ type: 'dropped', hash: held.hash, reason })
  }
  const shelf = await openShelf({ store, clock, crypto, room, dropped })
  const context: NodeContext = {
    shelf,
    clock,
    crypto,
    logger,
    neighbours,
    dropped: new Map(),
    closing: closing.signal,
    accept: options.accept ?? (() => 'fetch'),
    emit: hub.emit,
  }
  const running: Running = { context, hub, closing, loops: new Set(), links: 0 }
  run(running, sweepLoop(context))
  return exchangeOf(running)
}

function run(running: Running, loop: Promise<void>): Promise<void> {
  const ended = loop.finally(() => running.loops.delete(ended))
  running.loops.add(ended)
  return ended
}

function exchangeOf(running: Running): ObjectExchange {
  const { context, hub, closing } = running
  const { shelf } = context
  const heldOf = (hash: ObjectHash): Held | undefined => shelf.objects.get(toHex(hash))
  const open = (): void => {
    if (closing.signal.aborted) throw new ObjectsError('objects/closed')
  }
  const until = (io?: IoOptions): AbortSignal =>
    io?.signal === undefined ? closing.signal : AbortSignal.any([io.signal, closing.signal])
  const put = async ({ headerBytes, payload }: DataObject): Promise<void> => {
    open()
    await keepOwn(context, { ...openDescription(context.crypto, headerBytes), payload })
  }
  const close = async (): Promise<void> => {
    closing.abort(new ObjectsError('objects/closed'))
    for (const neighbour of context.neighbours.values()) neighbour.gone.abort()
    await Promise.all(running.loops)
  }
  return {
    publish: async (options) => {
      const object = createObject(context.crypto, { ...options, created: context.clock.now() })
      open()
      await keepOwn(context, object)
      return object
    },
    put,
    attach: (options) => {
      open()
      running.links += 1
      return attach(context, (loop) => run(running, loop), options.name ?? `link ${running.links}`, options)
    },
    fetch: async (hash) => {
      const held = heldOf(hash)
      if (held === undefined) throw new ObjectsError('objects/unknown')
      await shelf.want(held)
      pumpAll(context)
    },
    read: async (hash) => {
      const held = heldOf(hash)
      return held && readPart(context, held, 0, held.header.size)
    },
    readPart: async (hash, offset, length) => {
      const held = heldOf(hash)
      return held && readPart(context, held, offset, length)
    },
    status: (hash) => statusOf(context, heldOf(hash)),
    list: () => [...shelf.objects.values()].flatMap((held) => statusOf(context, held) ?? []),
    completed: (hash, io) => waitUntilComplete(hub, () => heldOf(hash), until(io)),
    drop: async (hash) => {
      const held = heldOf(hash)
      if (held !== undefined) await shelf.drop(held, 'asked')
    },
    events: (io) => hub.subscribe(until(io)),
    listen: hub.listen,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function sweepLoop(context: NodeContext): Promise<void> {
  while (!context.closing.aborted) {
    const next = await context.shelf.sweep().catch((error: unknown) => {
      context.emit({ type: 'store-failed', code: isHyphaeError(error) ? error.code : 'unknown' })
      return LONGEST_SLEEP_MS
    })
    const wait = Math.min(Math.max(next, 1000), LONGEST_SLEEP_MS)
    await context.clock.sleep(wait, context.closing, true).catch(() => {})
  }
}
