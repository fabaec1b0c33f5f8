/** What a node hides, and whether its carriers let it (spec/privacy.md). */
import type { Carrier, CarrierPrivacy } from '@hyphae/core'
import type { BucketSource, PrivacyMode } from './context.js'
import { MessengerError } from './errors.js'
import type { Cover } from './pace.js'

export interface PrivacyState {
  readonly mode: PrivacyMode
  /** What goes out as cover: `off` also where it was asked for and a carrier is metered. */
  readonly cover: Cover
  readonly carriers: readonly {
    readonly name: string
    readonly privacy: CarrierPrivacy
    /** Its boxes can be read by the crowd they are in. */
    readonly buckets: boolean
  }[]
}

/**
 * The privacy that a node has with these carriers.
 * @throws MessengerError `messenger/not-private` when it is to be strict and a carrier does not let it
 */
export function privacyWith(carriers: readonly Carrier[], mode: PrivacyMode, cover: Cover): PrivacyState {
  if (mode === 'strict') for (const carrier of carriers) checkStrict(carrier)
  const metered = carriers.some(({ traits }) => traits.metered)
  return {
    mode,
    cover: mode !== 'strict' || metered ? 'off' : cover,
    carriers: carriers.map(({ name, traits, buckets }) => ({
      name,
      privacy: traits.privacy,
      buckets: buckets !== undefined,
    })),
  }
}

function checkStrict({ name, traits, mailbox, buckets }: Carrier): void {
  const { privacy } = traits
  if (privacy !== 'two-hop')
    throw new MessengerError('messenger/not-private', {
      details: { carrier: name, privacy, needs: 'two-hop' },
    })
  if (mailbox !== undefined && buckets === undefined)
    throw new MessengerError('messenger/not-private', { details: { carrier: name, needs: 'buckets' } })
}

/** The carriers that are read by their buckets: all that have a mailbox, in strict mode. */
export function bucketSources(carriers: readonly Carrier[], mode: PrivacyMode): BucketSource[] {
  if (mode !== 'strict') return []
  return carriers.flatMap(({ name, buckets }) => (buckets === undefined ? [] : [{ name, buckets }]))
}
