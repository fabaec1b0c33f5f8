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

/** Parts of what the servers set aside. A relay whose blobs lie elsewhere leaves theirs empty. */
const SHARES = {
  mail: 0.7,
  blobs: 0.15,
  logs: 0.05,
  items: 0.03,
  documents: 0.03,
  terms: 0.01,
  spent: 0.01,
  rows: 0.01,
  once: 0.01,
} as const

/** Part of the mail's share that frames may fill: the rest is for acknowledgements, which are never refused. */
const FRAMES_SHARE = 7 / 8

/** Bytes of mail at which no frames are taken any more. */
export function mostMail(maxBytes: number | undefined): number {
  return maxBytes === undefined ? Number.POSITIVE_INFINITY : maxBytes * SHARES.mail * FRAMES_SHARE
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
  // Full means refused, never that what is old makes room.
  const of = (share: number): Pick<StreamConfig, 'discard' | 'max_bytes'> =>
    maxBytes === undefined ? { discard: 'new' } : { discard: 'new', max_bytes: Math.floor(maxBytes * share) }
  return [
    {
      name: names.mail,
      subjects: [names.bucket('*'), names.note('*')],
      max_age: ageNs(longest),
      ...of(SHARES.mail),
      republish: { src: names.bucket('*'), dest: names.wake('{{wildcard(1)}}') },
    },
    {
      name: names.documents,
      subjects: [names.document('*', '*')],
      max_msgs_per_subject: 1,
      ...of(SHARES.documents),
    },
    {
      name: names.terms,
      subjects: [names.allTerms],
      max_msgs_per_subject: 1,
      max_age: ageNs(termsLifeMs),
      ...of(SHARES.terms),
    },
    { name: names.spent, subjects: [names.allSpent], max_msgs_per_subject: 1, ...of(SHARES.spent) },
    // No age: a log that lives keeps entries as old as itself. The sweep ends logs.
    { name: names.logs, subjects: [names.log('*')], max_msgs_per_subject: logEntries, ...of(SHARES.logs) },
    { name: names.items, subjects: [names.allItems], ...of(SHARES.items) },
    { name: names.rows, subjects: [names.row('>')], max_msgs_per_subject: 1, ...of(SHARES.rows) },
    // A margin again: what was asked for once must not be new while it can still be shown.
    {
      name: names.once,
      subjects: [names.onceOf('*')],
      max_age: 2 * MAX_ONCE_MS * NS_PER_MS,
      ...of(SHARES.once),
    },
    {
      name: names.blobs,
      subjects: [names.allBlobs],
      max_msgs_per_subject: 1,
      max_age: ageNs(blobLifeMs),
      ...of(SHARES.blobs),
    },
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
