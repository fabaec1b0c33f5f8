/** What a node hides, and whether its carriers let it (spec/privacy.md). */
import type { Carrier, CarrierPrivacy } from '@hyphae/core'
import type { BucketSource, NodeContext, PrivacyMode } from './context.js'
import { MessengerError } from './errors.js'
import type { Cover } from './pace.js'

export interface PrivacyWishes {
  readonly mode: PrivacyMode
  readonly cover: Cover
  readonly requireOneTimePrekeys: boolean
}

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
  /**
   * What carriers are asked when somebody is met or a session is replaced: `buckets` of records, so that they do not
   * learn who it is, or prekeys by `name`: when the mode is not `strict`, and where one-time prekeys are required.
   */
  readonly firstContacts: 'buckets' | 'name'
}

/** Whether sessions are begun with what stands in records, which are looked up by their buckets. */
export function meetsByBuckets({
  mode,
  requireOneTimePrekeys,
}: Pick<NodeContext, 'mode' | 'requireOneTimePrekeys'>): boolean {
  return mode === 'strict' && !requireOneTimePrekeys
}

/**
 * The privacy that a node has with these carriers.
 * @throws MessengerError `messenger/not-private` when it is to be strict and a carrier does not let it
 */
export function privacyWith(
  carriers: readonly Carrier[],
  { mode, cover, requireOneTimePrekeys }: PrivacyWishes,
): PrivacyState {
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
    firstContacts: meetsByBuckets({ mode, requireOneTimePrekeys }) ? 'buckets' : 'name',
  }
}

function checkStrict({ name, traits, mailbox, buckets, directory }: Carrier): void {
  const { privacy } = traits
  if (privacy !== 'two-hop')
    throw new MessengerError('messenger/not-private', {
      details: { carrier: name, privacy, needs: 'two-hop' },
    })
  if (mailbox !== undefined && buckets === undefined)
    throw new MessengerError('messenger/not-private', { details: { carrier: name, needs: 'buckets' } })
  if (directory !== undefined && directory.buckets === undefined)
    throw new MessengerError('messenger/not-private', {
      details: { carrier: name, needs: 'directory buckets' },
    })
}

/** The carriers that are read by their buckets: all that have a mailbox, in strict mode. */
export function bucketSources(carriers: readonly Carrier[], mode: PrivacyMode): BucketSource[] {
  if (mode !== 'strict') return []
  return carriers.flatMap(({ name, buckets }) => (buckets === undefined ? [] : [{ name, buckets }]))
}
