/**
 * What goes to a neighbour, one message at a time (spec/objects.md, "Order"): small messages first, then
 * announcements and blocks in turn, blocks by the urgency of their objects. The order is decided anew before each
 * message, so that what is urgent overtakes between two blocks.
 */
import { isHyphaeError } from '@hyphae/core'
import { byUrgency, type Held, isSmall } from './held.js'
import { RETRY_MS, SERVE_FACTOR, SERVE_RESET_MS } from './limits.js'
import type { Message } from './message.js'
import { isFastEnough, type Job, type Neighbour, sendSoon } from './neighbour.js'
import { jittered, type NodeContext } from './node-context.js'
import { cutMessage } from './packet.js'
import { entryOf, nextTelling } from './telling.js'

/** Runs until the neighbour is gone. Never rejects. */
export async function runSender(context: NodeContext, neighbour: Neighbour): Promise<void> {
  const { signal } = neighbour.gone
  while (!signal.aborted) {
    const message = await nextMessage(context, neighbour).catch((error: unknown) =>
      storeFailed(context, error),
    )
    if (message === null) await context.clock.sleep(RETRY_MS[0] as number, signal, true).catch(() => {})
    else if (message === undefined) await neighbour.outbound.wait(signal)
    else await sendMessage(context, neighbour, message)
  }
}

function storeFailed(context: NodeContext, error: unknown): null {
  const code = isHyphaeError(error) ? error.code : 'unknown'
  context.logger.warn('objects: the store failed', { code })
  context.emit({ type: 'store-failed', code })
  return null
}

/** Sends all frames of a message, each until the link has taken it. */
async function sendMessage(context: NodeContext, neighbour: Neighbour, message: Message): Promise<void> {
  const { signal } = neighbour.gone
  neighbour.messages += 1
  for (const frame of cutMessage(message, neighbour.messages, neighbour.cutting))
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        await neighbour.link.send(neighbour.peer, frame, { signal })
        break
      } catch (error) {
        if (signal.aborted) return
        const code = isHyphaeError(error) ? error.code : 'unknown'
        context.logger.debug('objects: a frame was not sent', { code })
        const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] as number
        await context.clock.sleep(jittered(context, wait), signal, true).catch(() => {})
      }
    }
}

async function nextMessage(context: NodeContext, neighbour: Neighbour): Promise<Message | undefined> {
  const small = neighbour.urgent.shift()
  if (small !== undefined) return small
  const tellFirst = !neighbour.toldLast
  neighbour.toldLast = tellFirst
  const first = tellFirst ? await nextTelling(context, neighbour) : await nextAnswer(context, neighbour)
  if (first !== undefined) return first
  return tellFirst ? nextAnswer(context, neighbour) : nextTelling(context, neighbour)
}

/** The most urgent thing the neighbour asked for. */
async function nextAnswer(context: NodeContext, neighbour: Neighbour): Promise<Message | undefined> {
  while (neighbour.jobs.size > 0) {
    const job = mostUrgent(context, neighbour)
    if (job === undefined) return undefined
    const { held } = job
    if (job.describe) {
      job.describe = false
      if (job.blocks.size === 0) neighbour.jobs.delete(held.id)
      return describe(context, neighbour, held)
    }
    const [block] = job.blocks
    if (block === undefined) {
      neighbour.jobs.delete(held.id)
      continue
    }
    job.blocks.delete(block)
    const data = await context.shelf.block(held, block)
    if (data !== undefined && countServed(context, neighbour, held, data.length))
      return { kind: 'block', hash: held.hash, block, data }
    neighbour.jobs.delete(held.id)
    sendSoon(neighbour, { kind: 'lack', hashes: [held.hash] })
    return neighbour.urgent.shift()
  }
  return undefined
}

/** Descriptions alone go before any payload: they are small, and travel at once. */
function mostUrgent(context: NodeContext, neighbour: Neighbour): Job | undefined {
  const order = byUrgency(context.clock.now())
  const light = (job: Job): number => (job.describe && !carriesPayload(neighbour, job.held) ? 0 : 1)
  let best: Job | undefined
  for (const job of neighbour.jobs.values())
    if (best === undefined || (light(job) - light(best) || order(job.held, best.held)) < 0) best = job
  return best
}

function carriesPayload(neighbour: Neighbour, held: Held): boolean {
  return isSmall(held) && isFastEnough(neighbour, held)
}

async function describe(context: NodeContext, neighbour: Neighbour, held: Held): Promise<Message> {
  const entry = entryOf(context, held)
  const bare: Message = { kind: 'object', entry, payload: undefined }
  if (!carriesPayload(neighbour, held)) return bare
  const payload = await context.shelf.block(held, 0)
  if (payload === undefined || !countServed(context, neighbour, held, payload.length)) return bare
  return { kind: 'object', entry, payload }
}

/** False when the neighbour had this object often enough: whoever asks again and again gets no more of it. */
function countServed(context: NodeContext, neighbour: Neighbour, held: Held, bytes: number): boolean {
  const now = context.clock.now()
  if (now - neighbour.servedSince >= SERVE_RESET_MS || now < neighbour.servedSince) {
    neighbour.served.clear()
    neighbour.servedSince = now
  }
  const served = (neighbour.served.get(held.id) ?? 0) + bytes
  if (served > SERVE_FACTOR * Math.max(held.bytes, bytes)) return false
  neighbour.served.set(held.id, served)
  return true
}
