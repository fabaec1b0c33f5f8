/** What a neighbour's messages do (spec/objects.md, "Messages"). Each is one event: it is taken whole or not at all. */
import { isHyphaeError, toHex } from '@hyphae/core'
import { addHint, addSource, answered, dropSource, pump, pumpAll } from './asking.js'
import { ObjectsError } from './errors.js'
import { type Held, hasBlock, isComplete, isSmall, lifeLeft } from './held.js'
import { decodeIndices, type IndexSet } from './index-set.js'
import {
  BLOCK_TIMEOUT_MS,
  MAX_DROPPED,
  MAX_FAULTS,
  MAX_JOBS,
  MAX_OBJECTS,
  MAX_WINDOW,
  MUTE_MS,
} from './limits.js'
import type { Entry, Message } from './message.js'
import { isFastEnough, type Job, type Neighbour, sendSoon } from './neighbour.js'
import { jittered, type NodeContext } from './node-context.js'
import { openDescription } from './object.js'
import { heardOf, tellAll, tellEverything } from './telling.js'

/** Takes one frame; null when it belongs to another protocol. Never rejects. */
export async function takeFrame(
  context: NodeContext,
  neighbour: Neighbour,
  frame: Uint8Array,
): Promise<null | undefined> {
  const now = context.clock.now()
  if (neighbour.mutedUntil > now && neighbour.mutedUntil <= now + MUTE_MS) return undefined
  try {
    const message = neighbour.assembly.take(frame)
    if (message === null) return null
    neighbour.heard = true
    if (message === undefined) neighbour.progressAt = now
    else await takeMessage(context, neighbour, message)
  } catch (error) {
    fault(context, neighbour, error)
  }
  return undefined
}

const OUR_LIMITS: readonly string[] = ['objects/full', 'objects/outdated', 'objects/unknown']

/** The neighbour's faults are counted; ours are told, and what was not taken will be asked for again. */
function fault(context: NodeContext, neighbour: Neighbour, error: unknown): void {
  if (!(error instanceof ObjectsError)) {
    const code = isHyphaeError(error) ? error.code : 'unknown'
    context.logger.warn('objects: a message was not taken', { code })
    context.emit({ type: 'store-failed', code })
    // It may have been an announcement, which is made once.
    neighbour.greetAt = Math.min(neighbour.greetAt, context.clock.now() + jittered(context, BLOCK_TIMEOUT_MS))
    neighbour.attention.fire()
    return
  }
  context.emit({ type: 'refused', from: neighbour.name, code: error.code })
  if (OUR_LIMITS.includes(error.code)) return
  neighbour.faults += 1
  if (neighbour.faults < MAX_FAULTS) return
  neighbour.faults = 0
  neighbour.mutedUntil = context.clock.now() + MUTE_MS
}

async function takeMessage(context: NodeContext, neighbour: Neighbour, message: Message): Promise<void> {
  switch (message.kind) {
    case 'hello':
      return takeHello(context, neighbour, message.greet)
    case 'hint':
      return takeHints(context, neighbour, message.hashes)
    case 'digest':
      return takeDigest(context, neighbour, message.entries)
    case 'object':
      await takeEntry(context, neighbour, message.entry, message.payload)
      return pump(context, neighbour)
    case 'want':
      return takeWant(context, neighbour, message.hashes)
    case 'request':
      return takeRequest(context, neighbour, message)
    case 'block':
      return takeBlock(context, neighbour, message)
    case 'lack':
      for (const hash of message.hashes) dropSource(neighbour, toHex(hash))
      return pumpAll(context)
    case 'known':
      for (const hash of message.hashes) heardOf(neighbour, toHex(hash))
  }
}

/** A neighbour that says hello has just come, or come back: it remembers nothing of what was under way. */
function takeHello(context: NodeContext, neighbour: Neighbour, greet: boolean): void {
  if (greet) {
    sendSoon(neighbour, { kind: 'hello', greet: false })
    neighbour.jobs.clear()
    neighbour.asks.clear()
  }
  // A reply to one's own greeting is no reason to come back to it later.
  const later = tellEverything(context, neighbour)
  if (greet && later !== undefined) neighbour.tellAt = later
  pump(context, neighbour)
}

function takeHints(context: NodeContext, neighbour: Neighbour, hashes: readonly Uint8Array[]): void {
  const known: Uint8Array[] = []
  for (const hash of hashes) {
    const id = toHex(hash)
    heardOf(neighbour, id)
    const held = context.shelf.objects.get(id)
    if (held !== undefined && !isComplete(held)) addSource(context, neighbour, held)
    if (held !== undefined || wasDropped(context, id)) known.push(hash)
    else addHint(neighbour, hash)
  }
  acknowledge(neighbour, known)
  pump(context, neighbour)
}

/** On a link that loses nothing, nobody waits for it. */
function acknowledge(neighbour: Neighbour, hashes: readonly Uint8Array[]): void {
  if (!neighbour.traits.reliable && hashes.length > 0) sendSoon(neighbour, { kind: 'known', hashes })
}

function wasDropped(context: NodeContext, id: string): boolean {
  const until = context.dropped.get(id)
  if (until === undefined) return false
  if (until > context.clock.now()) return true
  context.dropped.delete(id)
  return false
}

/** So that what was dropped is not fetched again at once. */
export function rememberDropped(context: NodeContext, id: string, until: number): void {
  if (context.dropped.size >= MAX_DROPPED) {
    const oldest = context.dropped.keys().next().value
    if (oldest !== undefined) context.dropped.delete(oldest)
  }
  context.dropped.set(id, until)
}

/** One entry that is refused does not keep the others from being taken. */
async function takeDigest(
  context: NodeContext,
  neighbour: Neighbour,
  entries: readonly Entry[],
): Promise<void> {
  for (const entry of entries) {
    try {
      await takeEntry(context, neighbour, entry, undefined)
    } catch (error) {
      if (!(error instanceof ObjectsError)) throw error
      fault(context, neighbour, error)
    }
  }
  pump(context, neighbour)
}

async function takeEntry(
  context: NodeContext,
  neighbour: Neighbour,
  entry: Entry,
  payload: Uint8Array | undefined,
): Promise<void> {
  const description = openDescription(context.crypto, entry.headerBytes)
  const id = toHex(description.hash)
  const ask = neighbour.asks.get(id)
  if (ask?.kind === 'describe') neighbour.asks.delete(id)
  heardOf(neighbour, id)
  acknowledge(neighbour, [description.hash])
  let held = context.shelf.objects.get(id)
  if (held === undefined && !wasDropped(context, id)) {
    const verdict = context.accept(description, neighbour.name)
    if (verdict === 'ignore') return
    const lifeMs = Math.min(entry.remaining, description.header.ttl) * 1000
    const since = context.clock.now()
    const terms = {
      keeping: 'others',
      from: neighbour.name,
      since,
      lifeMs,
      wanted: verdict === 'fetch',
    } as const
    held = await context.shelf.describe(description, terms)
    context.emit({ type: 'described', description, from: neighbour.name })
    if (payload === undefined || !isSmall(held)) tellAll(context, held)
  }
  if (held === undefined || isComplete(held)) return
  neighbour.sources.add(id)
  if (payload !== undefined && held.wanted) await keepBlock(context, neighbour, held, 0, payload)
}

/** @throws ObjectsError `objects/wrong-block`: the neighbour is then not asked for this object any more */
async function keepBlock(
  context: NodeContext,
  neighbour: Neighbour,
  held: Held,
  block: number,
  data: Uint8Array,
): Promise<void> {
  let complete: boolean
  try {
    complete = await context.shelf.keep(held, [{ block, data }])
  } catch (error) {
    if (isHyphaeError(error, 'objects/wrong-block')) {
      dropSource(neighbour, held.id)
      pumpAll(context)
    }
    if (isHyphaeError(error, 'objects/full')) await context.shelf.drop(held, 'full')
    throw error
  }
  answered(context, neighbour, held, block)
  if (complete) completed(context, neighbour, held)
}

function completed(context: NodeContext, neighbour: Neighbour, held: Held): void {
  neighbour.told.set(held.id, 'complete')
  for (const other of context.neighbours.values()) dropSource(other, held.id)
  context.emit({ type: 'complete', description: held })
  tellAll(context, held)
  pumpAll(context)
}

function jobFor(neighbour: Neighbour, held: Held): Job {
  const job = neighbour.jobs.get(held.id) ?? { held, describe: false, blocks: new Set() }
  neighbour.jobs.set(held.id, job)
  return job
}

function takeWant(context: NodeContext, neighbour: Neighbour, hashes: readonly Uint8Array[]): void {
  const lacking: Uint8Array[] = []
  for (const hash of hashes) {
    const held = context.shelf.objects.get(toHex(hash))
    heardOf(neighbour, toHex(hash))
    const alive = held !== undefined && lifeLeft(held, context.clock.now()) > 0
    if (!alive || neighbour.jobs.size >= MAX_OBJECTS) lacking.push(hash)
    else jobFor(neighbour, held).describe = true
  }
  if (lacking.length > 0) sendSoon(neighbour, { kind: 'lack', hashes: lacking })
  neighbour.outbound.fire()
}

function takeRequest(
  context: NodeContext,
  neighbour: Neighbour,
  message: Extract<Message, { kind: 'request' }>,
): void {
  const { hash } = message
  const held = context.shelf.objects.get(toHex(hash))
  heardOf(neighbour, toHex(hash))
  const blocks = held && isFastEnough(neighbour, held) ? asked(neighbour, held, message.blocks) : []
  if (held === undefined || blocks.length === 0) {
    sendSoon(neighbour, { kind: 'lack', hashes: [hash] })
    return
  }
  const job = jobFor(neighbour, held)
  for (const block of blocks) job.blocks.add(block)
  neighbour.outbound.fire()
}

/** Of the blocks that are asked for those that are here, as far as there is room. */
function asked(neighbour: Neighbour, held: Held, blocks: IndexSet): number[] {
  let waiting = 0
  for (const job of neighbour.jobs.values()) waiting += job.blocks.size
  const room = Math.min(MAX_WINDOW, MAX_JOBS * MAX_WINDOW - waiting)
  return decodeIndices(blocks, held.shape.blocks, room).filter((block) => hasBlock(held, block))
}

async function takeBlock(
  context: NodeContext,
  neighbour: Neighbour,
  { hash, block, data }: Extract<Message, { kind: 'block' }>,
): Promise<void> {
  const held = context.shelf.objects.get(toHex(hash))
  if (held === undefined || !held.wanted || isComplete(held)) return
  if (block < held.shape.blocks && hasBlock(held, block)) return answered(context, neighbour, held, block)
  await keepBlock(context, neighbour, held, block, data)
}
