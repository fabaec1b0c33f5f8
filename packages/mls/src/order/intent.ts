/**
 * What this member wants of the group. An intent outlives the commit that carries it: when that one loses to a rival,
 * the intent is carried out anew on the branch that won, or dropped where it has lost its sense.
 */
import type { Roles } from '../roles/roles.js'
import type { EpochTag } from './tag.js'

export type Intent =
  /** Add the device of this KeyPackage. */
  | { readonly kind: 'add'; readonly keyPackage: Uint8Array }
  /** Remove the leaf with this signature key. */
  | { readonly kind: 'remove'; readonly signatureKey: Uint8Array }
  /** Refresh this member's keys. */
  | { readonly kind: 'update' }
  | { readonly kind: 'roles'; readonly roles: Roles }
  /** Have somebody else remove this member. */
  | { readonly kind: 'leave' }
  /** Commit the leaves that others have proposed; made by the log itself. */
  | { readonly kind: 'commit-leaves' }
  /** Replace a leaf that cannot follow by a fresh one of the same device; made by the log itself. */
  | { readonly kind: 'readd'; readonly signatureKey: Uint8Array; readonly keyPackage: Uint8Array }

export type IntentKind = Intent['kind']

export interface PendingIntent {
  /** Unique within the log. */
  readonly id: number
  readonly intent: Intent
  /** Not before this time; null until the wait is drawn. Once it is carried: when that has settled. */
  readonly due: number | null
  /** The epoch in which it was made. */
  readonly base: number
  /** The epoch that its commit began, or in which its proposal was sent. */
  readonly carrier: EpochTag | null
  readonly settled: boolean
}

/** Why an intent was given up: an error code, or one of these. */
export type DropReason =
  /** Somebody else has done it. */
  | 'done-by-another'
  /** The Welcome was sent and its commit lost: the device needs a fresh KeyPackage. */
  | 'invitation-void'
  /** This member has been removed. */
  | 'removed'
