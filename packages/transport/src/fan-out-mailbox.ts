/** The Mailbox of several carriers: stored as soon as one has stored it, read from all, acknowledged at all. */
import type { Delivery, Mailbox } from '@hyphae/core'
import { createAckLedger } from './ack-ledger.js'
import type { Asker } from './first-success.js'
import { DEFAULT_FETCH, MAX_DEDUPE_BYTES } from './limits.js'
import { checkPuts } from './memory-box.js'
import { type MergeContext, mergeWatches } from './merged-watch.js'

export interface NamedMailbox {
  readonly name: string
  readonly mailbox: Mailbox
}

export function fanOutMailbox(
  carriers: readonly NamedMailbox[],
  asker: Asker,
  context: MergeContext,
): Mailbox {
  return {
    put: async (items, options) => {
      checkPuts(items)
      await asker.first(carriers, 'put', ({ mailbox }) => mailbox.put(items, options))
    },
    fetch: async (box, options) => {
      const limit = options?.limit ?? DEFAULT_FETCH
      const answers = await asker.all(carriers, 'fetch', ({ mailbox }) => mailbox.fetch(box, options))
      return mergeFetched(answers, limit, context)
    },
    watch: (box, options) => {
      const sources = carriers.map(({ name, mailbox }) => ({
        name,
        watch: (signal: AbortSignal) => mailbox.watch(box, { signal }),
      }))
      return mergeWatches(sources, context, options?.signal)
    },
  }
}

function mergeFetched(answers: readonly Delivery[][], limit: number, context: MergeContext): Delivery[] {
  const ledger = createAckLedger({
    sources: answers.length,
    maxBytes: MAX_DEDUPE_BYTES,
    nextIndex: context.nextIndex,
    onFailure: () => context.logger.warn('a carrier refused an acknowledgement'),
  })
  const merged: Delivery[] = []
  answers.forEach((deliveries, source) => {
    for (const delivery of deliveries) {
      // Behind a frame that is not given, nothing of this carrier can be acknowledged: no need to note it.
      if (merged.length === limit && !ledger.knows(delivery.frame)) break
      const index = ledger.arrive(source, delivery)
      if (index === undefined) continue
      merged.push({ frame: delivery.frame, cursor: index, ack: () => ledger.acknowledge(index) })
    }
  })
  return merged
}
