/**
 * Objects over links: a node that publishes, fetches, keeps objects for others and passes them on (spec/objects.md).
 *
 * Everything it holds is in its store; it goes on after a crash with the indices that are missing.
 */
import {
  type Clock,
  type IoOptions,
  isHyphaeError,
  type Link,
  type Logger,
  type Store,
  silentLogger,
  systemClock,
  toHex,
} from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { askAgain, pump, pumpAll } from './asking.js'
import { ObjectsError } from './errors.js'
import { createEventHub, type EventHub, type ObjectEvent } from './events.js'
import type { ObjectHash } from './hash.js'
import { chunksHeld, type Held, isComplete, lifeLeft } from './held.js'
import { BLOCK_BYTES, DEFAULT_QUOTA_BYTES, MAX_NEIGHBOURS, MAX_OBJECTS, RETRY_MS } from './limits.js'
import {
  forgetObject,
  isFastEnough,
  type LinkTraits,
  makeNeighbour,
  type Neighbour,
  sendSoon,
} from './neighbour.js'
import { jittered, type NodeContext, type Verdict } from './node-context.js'
import { type CreateObject, createObject, type DataObject, type Description } from './object.js'
import { rememberDropped, takeFrame } from './receiving.js'
import { runSender } from './sending.js'
import { type DropReason, openShelf } from './shelf.js'
import { tellAgain, tellAll, tellEverything } from './telling.js'
import { buildTree, firstChunk } from './tree.js'

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

export interface AttachOptions {
  readonly link: Link
  readonly traits: LinkTraits
  /** Who is there: peers as the link names them. */
  readonly peers: readonly string[]
  /** Also exchange with peers that are not named, when they speak first. */
  readonly strangers?: boolean
  /** Tells links apart in events. */
  readonly name?: string
}

/** A link in use. */
export interface Attachment {
  /** One more peer; nothing when it is there. @throws ObjectsError `objects/too-many-neighbours` */
  add(peer: string): void
  remove(peer: string): void
  /** Resolves when nothing of the link is used any more; the link is not closed. */
  detach(): Promise<void>
}

export interface ObjectStatus {
  readonly description: Description
  readonly complete: boolean
  /** Chunks of the payload that are here, of how many. */
  readonly chunks: number
  readonly count: number
  /** Seconds this node will keep it. */
  readonly remaining: number
  /** Why nothing comes: nobody is known to have it, or all links to those who have are too slow. */
  readonly waiting: 'bandwidth' | 'source' | undefined
}

export interface ObjectExchange extends AsyncDisposable {
  /** Makes an object, stores it, and tells the neighbours. @throws ObjectsError */
  publish(options: Omit<CreateObject, 'created'>): Promise<DataObject>
  /** The same with an object that was made before. */
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

/** A clock may be set, and what came meanwhile may live shorter than what was there. */
const LONGEST_SLEEP_MS: number = 60 * 1000

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
  const put = async (object: DataObject): Promise<void> => {
    open()
    await keepOwn(context, object)
  }
  const close = async (): Promise<void> => {
    closing.abort(new ObjectsError('objects/closed'))
    for (const neighbour of context.neighbours.values()) neighbour.gone.abort()
    await Promise.all(running.loops)
  }
  return {
    publish: async (options) => {
      const object = createObject(context.crypto, { ...options, created: context.clock.now() })
      await put(object)
      return object
    },
    put,
    attach: (options) => {
      open()
      return attach(running, options)
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

/** Blocks of one's own object written in one transaction: 4 MB. */
const OWN_BATCH = 1024

/** @throws ObjectsError `objects/outdated`, `objects/full` */
async function keepOwn(context: NodeContext, object: DataObject): Promise<void> {
  const { shelf, clock } = context
  const { blocks } = buildTree(object.payload)
  const terms = {
    keeping: 'own',
    from: '',
    since: clock.now(),
    lifeMs: object.header.ttl * 1000,
    wanted: true,
  } as const
  const held = await shelf.describe(object, terms)
  try {
    for (let at = 0; at < blocks.length; at += OWN_BATCH)
      await shelf.keep(
        held,
        blocks.slice(at, at + OWN_BATCH).map((data, i) => ({ block: at + i, data })),
      )
  } catch (error) {
    await shelf.drop(held, 'full').catch(() => {})
    throw error
  }
  context.emit({ type: 'complete', description: held })
  tellAll(context, held)
}

async function readPart(
  context: NodeContext,
  held: Held,
  offset: number,
  length: number,
): Promise<Uint8Array | undefined> {
  if (offset < 0 || length < 0 || offset + length > held.header.size)
    throw new RangeError('outside of the payload')
  const bytes = new Uint8Array(length)
  const first = firstChunk(held.shape)
  for (let at = offset - (offset % BLOCK_BYTES); at < offset + length || at === offset; at += BLOCK_BYTES) {
    const data = await context.shelf.block(held, first + at / BLOCK_BYTES)
    if (data === undefined) {
      pumpAll(context)
      return undefined
    }
    const from = Math.max(offset, at)
    if (from - at < data.length) bytes.set(data.subarray(from - at, offset + length - at), from - offset)
  }
  return bytes
}

function statusOf(context: NodeContext, held: Held | undefined): ObjectStatus | undefined {
  if (held === undefined) return undefined
  const complete = isComplete(held)
  const sources = [...context.neighbours.values()].filter((one) => one.sources.has(held.id))
  const fast = sources.some((one) => isFastEnough(one, held))
  const stuck = sources.length === 0 ? 'source' : fast ? undefined : 'bandwidth'
  const { hash, header, headerBytes } = held
  return {
    description: { hash, header, headerBytes },
    complete,
    chunks: chunksHeld(held),
    count: held.shape.levels.at(-1) as number,
    remaining: Math.max(0, Math.ceil(lifeLeft(held, context.clock.now()) / 1000)),
    waiting: complete ? undefined : stuck,
  }
}

function waitUntilComplete(hub: EventHub, find: () => Held | undefined, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      const held = find()
      if (held === undefined || !isComplete(held)) return
      end()
      resolve()
    }
    const abort = (): void => {
      end()
      reject(signal.reason)
    }
    const end = (): void => {
      stop()
      signal.removeEventListener('abort', abort)
    }
    const stop = hub.listen(check)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    else check()
  })
}

function attach(running: Running, options: AttachOptions): Attachment {
  const { context } = running
  const { link, traits, strangers = false } = options
  const stop = new AbortController()
  running.links += 1
  const name = options.name ?? `link ${running.links}`
  const nameOf = (peer: string): string => `${name}/${peer}`
  const loops: Promise<void>[] = []
  const add = (peer: string): Neighbour => {
    const known = context.neighbours.get(nameOf(peer))
    if (known !== undefined) return known
    if (context.neighbours.size >= MAX_NEIGHBOURS)
      throw new ObjectsError('objects/too-many-neighbours', { details: { limit: MAX_NEIGHBOURS } })
    const neighbour = makeNeighbour({ name: nameOf(peer), peer }, link, traits, context.clock.now())
    context.neighbours.set(neighbour.name, neighbour)
    loops.push(run(running, runSender(context, neighbour)), run(running, watch(context, neighbour)))
    return neighbour
  }
  const remove = (peer: string): void => {
    const neighbour = context.neighbours.get(nameOf(peer))
    context.neighbours.delete(nameOf(peer))
    neighbour?.gone.abort()
    pumpAll(context)
  }
  const find = (peer: string): Neighbour | undefined => {
    const known = context.neighbours.get(nameOf(peer))
    if (known !== undefined || !strangers || context.neighbours.size >= MAX_NEIGHBOURS) return known
    return add(peer)
  }
  for (const peer of options.peers) add(peer)
  const signal = AbortSignal.any([stop.signal, context.closing])
  loops.push(run(running, listenTo(context, link, find, signal)))
  return {
    add: (peer) => void add(peer),
    remove,
    detach: async () => {
      stop.abort()
      for (const neighbour of [...context.neighbours.values()])
        if (neighbour.link === link) remove(neighbour.peer)
      await Promise.all(loops)
    },
  }
}

/** Frames are taken one after the other, so that a link that brings them faster than the disk takes them waits. */
async function listenTo(
  context: NodeContext,
  link: Link,
  find: (peer: string) => Neighbour | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { peer, frame } of link.frames({ signal })) {
        const neighbour = find(peer)
        if (neighbour !== undefined) await takeFrame(context, neighbour, frame)
        if (signal.aborted) return
      }
      return
    } catch (error) {
      if (signal.aborted) return
      context.logger.warn('objects: a link failed', { code: isHyphaeError(error) ? error.code : 'unknown' })
      await context.clock.sleep(jittered(context, RETRY_MS[2] as number), signal, true).catch(() => {})
    }
  }
}

/** Says hello until the neighbour is heard, asks and tells again what got no answer. */
async function watch(context: NodeContext, neighbour: Neighbour): Promise<void> {
  const { signal } = neighbour.gone
  // Whatever is missing may be there.
  for (const held of context.shelf.objects.values())
    if (!isComplete(held) && held.wanted) neighbour.sources.add(held.id)
  while (!signal.aborted) {
    const now = context.clock.now()
    const next = Math.min(
      greet(context, neighbour, now),
      askAgain(context, neighbour, now),
      tellAgain(context, neighbour, now),
      tellLate(context, neighbour, now),
    )
    const wake = new AbortController()
    const sleep = context.clock
      .sleep(Math.min(Math.max(next - now, 1), LONGEST_SLEEP_MS), wake.signal, true)
      .catch(() => {})
    await Promise.race([sleep, neighbour.attention.wait(AbortSignal.any([signal, wake.signal]))])
    wake.abort()
    await sleep
  }
}

/** Tells everything to one that came back sooner than it may be told again. */
function tellLate(context: NodeContext, neighbour: Neighbour, now: number): number {
  if (neighbour.tellAt > now) return neighbour.tellAt
  neighbour.tellAt = tellEverything(context, neighbour) ?? Number.POSITIVE_INFINITY
  return neighbour.tellAt
}

/** Longest wait between two hellos to somebody who never answered. */
const MAX_HELLO_MS: number = 5 * 60 * 1000

function greet(context: NodeContext, neighbour: Neighbour, now: number): number {
  if (neighbour.greetAt <= now) {
    neighbour.greetAt = Number.POSITIVE_INFINITY
    sendSoon(neighbour, { kind: 'hello', greet: true })
  }
  if (neighbour.heard) return neighbour.greetAt
  if (neighbour.helloAt > now) return neighbour.helloAt
  sendSoon(neighbour, { kind: 'hello', greet: true })
  pump(context, neighbour)
  const wait = Math.min(MAX_HELLO_MS, (RETRY_MS[0] as number) * 2 ** neighbour.helloTries)
  neighbour.helloTries += 1
  neighbour.helloAt = now + jittered(context, wait)
  return neighbour.helloAt
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
