/** What happens to a log, and what each step is given from outside. */
import type { MlsContext, MlsIdentity } from '../context.js'
import type { SigningKey } from '../signing.js'
import type { GroupState } from '../state.js'
import type { TreePlace } from '../tree-chunks.js'
import type { Effect } from './effect.js'
import type { Intent } from './intent.js'
import type { GroupLog, OrderMode } from './log.js'
import type { GroupRules } from './rules.js'
import type { EpochTag } from './tag.js'

export interface OrderContext {
  readonly mls: MlsContext
  /** This device: signs its pleas. */
  readonly identity: MlsIdentity<SigningKey>
  readonly mode: OrderMode
  /** Where the Welcomes of this member have the tree; `inside` when left out. */
  readonly tree?: TreePlace
  /** `roleRules` when left out. */
  readonly rules?: GroupRules
}

export type OrderInput =
  /** From a carrier; anything, in any order, any number of times. */
  | { readonly kind: 'envelope'; readonly envelope: Uint8Array }
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** Several at once, which go into one commit where they can. */
  | { readonly kind: 'intents'; readonly intents: readonly Intent[] }
  /** An application message of this member. */
  | { readonly kind: 'message'; readonly plaintext: Uint8Array; readonly aad: Uint8Array }
  /** The sequencer's answer to a `submit`: it has the commit as the only one of its parent, or has another. */
  | { readonly kind: 'sequenced'; readonly parent: EpochTag; readonly answer: 'accepted' | 'taken' }
  /** A fresh KeyPackage of this device; its secret half stays with the caller until the Welcome comes. */
  | { readonly kind: 'key-package'; readonly keyPackage: Uint8Array }
  /** This member has joined anew: the log goes on from there, with what it still wants to do. */
  | { readonly kind: 'joined'; readonly state: GroupState; readonly external?: ExternalCommit }
  /** After a restart: asks once more for what may not have been done after the log was stored. */
  | { readonly kind: 'resume' }
  /** Time has passed. Once a second serves. */
  | { readonly kind: 'tick' }

/** The commit by which a member has come in by itself, and the epoch that its GroupInfo was of. */
export interface ExternalCommit {
  readonly parent: EpochTag
  readonly commit: Uint8Array
}

export interface Stepped {
  readonly log: GroupLog
  /** In their order, after the log is stored. */
  readonly effects: readonly Effect[]
}

/**
 * The server half of `relay-sequenced`: for each group and parent epoch it keeps the first commit it is given. It
 * cannot forge, and whatever it does costs time alone.
 */
export interface Sequencer {
  submit(group: string, parent: EpochTag, envelope: Uint8Array): Promise<'accepted' | 'taken'>
}
