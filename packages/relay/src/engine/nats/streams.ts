/** The streams of the NATS engine. spec/relay-engines.md section 2. */
import { systemClock } from '@hyphae/core'
import { MAX_ONCE_MS, type RelayLimits } from '../../limits.js'
import type { JetStream, StreamConfig } from './jetstream.js'
import { PATIENCE_MS, RETRY_MS } from './limits.js'
import type { Subjects } from './names.js'

export interface StreamOptions {
  readonly limits: RelayLimits
  readonly replicas: number
  readonly maxBytes: number | undefined
}

const NS_PER_MS = 1_000_000
const DAY_MS = 86_400_000

/** A margin, so that the servers never forget earlier than the relays do. */
function ageNs(lifeMs: number): number {
  return Math.ceil((lifeMs + DAY_MS) * NS_PER_MS)
}

function configs(names: Subjects, { limits, maxBytes }: StreamOptions): Omit<StreamConfig, 'num_replicas'>[] {
  const { frameLifeMs, idLifeMs, expiryJitter, blobLifeMs, termsLifeMs, logEntries } = limits
  const longest = Math.max(frameLifeMs, idLifeMs) * (1 + expiryJitter)
  return [
    {
      name: names.mail,
      subjects: [names.bucket('*'), names.note('*')],
      max_age: ageNs(longest),
      // Full means refused, never that old mail makes room.
      discard: 'new',
      ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
      republish: { src: names.bucket('*'), dest: names.wake('{{wildcard(1)}}') },
    },
    { name: names.documents, subjects: [names.document('*', '*')], max_msgs_per_subject: 1 },
    { name: names.terms, subjects: [names.allTerms], max_msgs_per_subject: 1, max_age: ageNs(termsLifeMs) },
    { name: names.spent, subjects: [names.allSpent], max_msgs_per_subject: 1 },
    // No age: a log that lives keeps entries as old as itself. The sweep ends logs.
    { name: names.logs, subjects: [names.log('*')], max_msgs_per_subject: logEntries },
    { name: names.items, subjects: [names.allItems] },
    { name: names.rows, subjects: [names.row('>')], max_msgs_per_subject: 1 },
    // A margin again: what was asked for once must not be new while it can still be shown.
    { name: names.once, subjects: [names.onceOf('*')], max_age: 2 * MAX_ONCE_MS * NS_PER_MS },
    { name: names.blobs, subjects: [names.allBlobs], max_msgs_per_subject: 1, max_age: ageNs(blobLifeMs) },
  ]
}

/** A cluster that has just lost a server, or has just started, takes no streams for some seconds. */
async function ensure(js: JetStream, config: StreamConfig): Promise<void> {
  const begun = systemClock.now()
  for (;;) {
    try {
      await js.ensure(config)
      return
    } catch (error) {
      if (systemClock.now() - begun > PATIENCE_MS) throw error
      await systemClock.sleep(RETRY_MS)
    }
  }
}

/** Creates what is missing and brings what is there up to this relay's limits. */
export async function ensureStreams(js: JetStream, names: Subjects, options: StreamOptions): Promise<void> {
  for (const config of configs(names, options))
    await ensure(js, { ...config, num_replicas: options.replicas })
}
