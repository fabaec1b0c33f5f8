/** The receiver: one watch for each mailbox this node reads, started and stopped as boxes come and go. */
import type { BoxId } from '@hyphae/core'
import { boxKeyOf } from './boxes.js'
import { mailboxOf, type NodeContext } from './context.js'
import { codeOf } from './outbox.js'
import { receive } from './receive.js'
import { backoff } from './retry.js'
import { type BoxRow, boxesTable } from './rows.js'

/** Watches every mailbox of this node, also those that come later, until it closes. Never rejects. */
export async function runReceiver(context: NodeContext): Promise<void> {
  const watched = new Map<string, AbortController>()
  const loops = new Set<Promise<void>>()
  while (!context.closing.aborted) {
    const boxes = await boxesTable.list(context.store, []).catch(() => [])
    const present = new Set<string>()
    for (const { parts, row } of boxes) {
      const key = String(parts[0])
      present.add(key)
      if (watched.has(key)) continue
      const stop = new AbortController()
      watched.set(key, stop)
      const loop = watchBox(context, parts[0] as BoxId, row, AbortSignal.any([stop.signal, context.closing]))
      loops.add(loop)
      void loop.finally(() => loops.delete(loop))
    }
    for (const [key, stop] of watched) {
      if (present.has(key)) continue
      stop.abort()
      watched.delete(key)
    }
    await context.signals.boxes.wait(context.closing).catch(() => {})
  }
  await Promise.all(loops)
}

async function watchBox(context: NodeContext, box: BoxId, row: BoxRow, signal: AbortSignal): Promise<void> {
  const retry = backoff(context.clock, context.crypto)
  while (!signal.aborted) {
    try {
      for await (const delivery of mailboxOf(context).watch(boxKeyOf(context.crypto, row.seed), { signal })) {
        await receive(context, box, row, delivery)
        retry.reset()
      }
    } catch (error) {
      if (signal.aborted) return
      context.logger.warn('receiver: a mailbox could not be read', { code: codeOf(error) })
    }
    await retry.wait(signal).catch(() => {})
  }
}
