/**
 * Fetching (spec/objects.md, "Fetching"): what is missing is asked for by its indices, from neighbours that have it on
 * links that are fast enough, in windows. Without progress for 30 seconds a question rests for 2, 4, then 8 seconds and
 * is asked again; then the neighbour is left alone until it speaks of the object again.
 */
import { fromHex, toHex } from '@hyphae/core'
import { byUrgency, type Held, hasBlock, isComplete } from './held.js'
import { encodeIndices } from './index-set.js'
import {
  BLOCK_TIMEOUT_MS,
  MAX_ANSWER_MS,
  MAX_ASKS,
  MAX_HASHES,
  MAX_HINTS_WAITING,
  RETRY_MS,
} from './limits.js'
import { type Ask, isFastEnough, type Neighbour, sendSoon, windowOf } from './neighbour.js'
import { jittered, type NodeContext } from './node-context.js'
import { firstChunk, placeOf } from './tree.js'

/** A neighbour has an object, or part of it. */
export function addSource(context: NodeContext, neighbour: Neighbour, held: Held): void {
  neighbour.sources.add(held.id)
  pump(context, neighbour)
}

export function dropSource(neighbour: Neighbour, id: string): void {
  neighbour.sources.delete(id)
  neighbour.asks.delete(id)
}

/** A neighbour hinted at an object that is not known. */
export function addHint(neighbour: Neighbour, hash: Uint8Array): void {
  const id = toHex(hash)
  if (neighbour.hints.size < MAX_HINTS_WAITING && !neighbour.asks.has(id))
    neighbour.hints.set(id, hash.slice())
}

/** Asks the neighbour for as much as may be under way. */
export function pump(context: NodeContext, neighbour: Neighbour): void {
  askForHints(context, neighbour)
  const now = context.clock.now()
  const wanted = [...neighbour.sources]
    .flatMap((id) => context.shelf.objects.get(id) ?? [])
    .filter((held) => held.wanted && !isComplete(held) && isFastEnough(neighbour, held))
    .sort(byUrgency(now))
  for (const held of wanted) {
    if (!neighbour.asks.has(held.id) && neighbour.asks.size >= MAX_ASKS) break
    askForBlocks(context, neighbour, held, now)
  }
  neighbour.attention.fire()
}

/** What several neighbours have is asked from each in turn, never twice at a time. */
export function pumpAll(context: NodeContext): void {
  for (const neighbour of context.neighbours.values()) pump(context, neighbour)
}

function askForHints(context: NodeContext, neighbour: Neighbour): void {
  const hashes: Uint8Array[] = []
  for (const [id, hash] of neighbour.hints) {
    if (neighbour.asks.size >= MAX_ASKS || hashes.length >= MAX_HASHES) break
    neighbour.hints.delete(id)
    if (context.shelf.objects.has(id) || neighbour.asks.has(id)) continue
    neighbour.asks.set(id, newAsk(context, 'describe'))
    hashes.push(hash)
  }
  if (hashes.length > 0) sendSoon(neighbour, { kind: 'want', hashes })
}

function newAsk(context: NodeContext, kind: Ask['kind']): Ask {
  return { kind, blocks: new Set(), tries: 0, at: context.clock.now(), resting: 0 }
}

function askForBlocks(context: NodeContext, neighbour: Neighbour, held: Held, now: number): void {
  const ask = neighbour.asks.get(held.id) ?? newAsk(context, 'blocks')
  if (ask.resting > now) return
  const room = windowOf(neighbour) - ask.blocks.size
  // The next window is asked for when half of this one is here: the link is never idle, and requests are few.
  if (ask.kind !== 'blocks' || (ask.blocks.size > 0 && room * 2 < windowOf(neighbour))) return
  const next = missingBlocks(context, held, room)
  if (next.length === 0) return
  for (const block of next) ask.blocks.add(block)
  ask.resting = 0
  ask.at = now
  neighbour.asks.set(held.id, ask)
  sendSoon(neighbour, { kind: 'request', hash: held.hash, blocks: encodeIndices(next) })
}

/** Blocks that can be checked on arrival and that nobody is asked for, in order. */
function missingBlocks(context: NodeContext, held: Held, most: number): number[] {
  const asked = [...context.neighbours.values()].flatMap(({ asks }) => asks.get(held.id)?.blocks ?? [])
  const missing: number[] = []
  for (let block = 0; block < held.shape.blocks && missing.length < most; block++) {
    if (hasBlock(held, block) || asked.some((blocks) => blocks.has(block))) continue
    const { parent } = placeOf(held.shape, block)
    if (parent !== undefined && !hasBlock(held, parent)) continue
    missing.push(block)
  }
  return missing
}

/** A block came from the neighbour. */
export function answered(context: NodeContext, neighbour: Neighbour, held: Held, block: number): void {
  const { id, shape } = held
  const ask = neighbour.asks.get(id)
  neighbour.progressAt = context.clock.now()
  if (ask !== undefined) {
    ask.blocks.delete(block)
    ask.tries = 0
    if (ask.blocks.size === 0) neighbour.asks.delete(id)
  }
  // What is under a node can now be checked, whoever brings it.
  if (block < firstChunk(shape)) pumpAll(context)
  else pump(context, neighbour)
}

/** Looks after questions that got no answer; returns when to look again. */
export function askAgain(context: NodeContext, neighbour: Neighbour, now: number): number {
  let next = Number.POSITIVE_INFINITY
  let changed = false
  for (const [id, ask] of neighbour.asks) {
    if (ask.resting === 0) {
      const due = Math.min(Math.max(ask.at, neighbour.progressAt) + BLOCK_TIMEOUT_MS, ask.at + MAX_ANSWER_MS)
      if (due > now) {
        next = Math.min(next, due)
        continue
      }
      changed = true
      if (!rest(context, neighbour, id, ask, now)) continue
    }
    if (ask.resting > now) next = Math.min(next, ask.resting)
    else {
      changed = true
      resume(context, neighbour, id, ask)
    }
  }
  if (changed) pumpAll(context)
  return next
}

/** False when it was the last try: the neighbour is left alone until it speaks of the object again. */
function rest(context: NodeContext, neighbour: Neighbour, id: string, ask: Ask, now: number): boolean {
  const wait = RETRY_MS[ask.tries]
  if (wait === undefined) {
    dropSource(neighbour, id)
    return false
  }
  ask.tries += 1
  ask.resting = now + jittered(context, wait)
  ask.blocks.clear()
  return true
}

function resume(context: NodeContext, neighbour: Neighbour, id: string, ask: Ask): void {
  ask.resting = 0
  ask.at = context.clock.now()
  if (ask.kind === 'blocks') return
  const hash = fromHex(id)
  if (context.shelf.objects.has(id)) neighbour.asks.delete(id)
  else sendSoon(neighbour, { kind: 'want', hashes: [hash] })
}
