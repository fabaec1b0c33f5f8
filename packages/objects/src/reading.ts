/** What a node can say of an object it holds: its payload, and how much of it is here. */

import { pumpAll } from './asking.js'
import type { EventHub } from './events.js'
import { chunksHeld, type Held, isComplete, lifeLeft } from './held.js'
import { BLOCK_BYTES } from './limits.js'
import { isFastEnough } from './neighbour.js'
import type { NodeContext } from './node-context.js'
import type { Description } from './object.js'
import { firstChunk } from './tree.js'

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

export async function readPart(
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

export function statusOf(context: NodeContext, held: Held | undefined): ObjectStatus | undefined {
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

export function waitUntilComplete(
  hub: EventHub,
  find: () => Held | undefined,
  signal: AbortSignal,
): Promise<void> {
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
