/** What a step asks of its caller: first store the new log, then do these. All of them may be done twice. */
import type { Member } from '../state.js'
import type { TreeChunk } from '../tree-chunks.js'
import type { DropReason, IntentKind } from './intent.js'
import type { Equivocation } from './log.js'
import type { EpochTag } from './tag.js'

export type Effect =
  /** To every member, by whatever carries it, in any order. */
  | { readonly kind: 'send'; readonly envelope: Uint8Array }
  /** To the sequencer: compare-and-swap on group and parent. Its answer is the input `sequenced`. */
  | { readonly kind: 'submit'; readonly parent: EpochTag; readonly envelope: Uint8Array }
  /** Publish the chunks first: none, unless the tree travels apart from the Welcome. */
  | {
      readonly kind: 'welcome'
      readonly welcome: Uint8Array
      readonly members: readonly Member[]
      readonly chunks: readonly TreeChunk[]
    }
  | { readonly kind: 'event'; readonly event: OrderEvent }

export type OrderEvent =
  /** Shown once, whichever branch it was sent in. `id`: the first 16 bytes of the message's SHA-256, hexadecimal. */
  | {
      readonly kind: 'message'
      readonly id: string
      readonly epoch: number
      readonly sender: Member
      readonly aad: Uint8Array
      readonly plaintext: Uint8Array
    }
  /** An own message is in the effects. */
  | { readonly kind: 'sent'; readonly id: string; readonly epoch: number }
  /** Own messages were sent on a branch that lost: some may never read them, so send them again if that matters. */
  | { readonly kind: 'stranded'; readonly ids: readonly string[] }
  /** The group is in another epoch; `added` and `removed` compare it with the one before. */
  | {
      readonly kind: 'epoch'
      readonly epoch: number
      readonly tag: EpochTag
      readonly added: readonly Member[]
      readonly removed: readonly Member[]
      /** Epochs given up for those of a branch that goes first; 0 when the group just went on. */
      readonly rewound: number
    }
  /** This member is out by the chosen branch. Final once the horizon has passed. */
  | { readonly kind: 'removed'; readonly epoch: number }
  /** A commit that cannot be taken back: its epoch has left the horizon. */
  | { readonly kind: 'final'; readonly epoch: number; readonly tag: EpochTag }
  | { readonly kind: 'intent-done'; readonly id: number; readonly intent: IntentKind }
  /** Its commit lost; it will be carried out anew. */
  | { readonly kind: 'intent-reopened'; readonly id: number; readonly intent: IntentKind }
  | {
      readonly kind: 'intent-dropped'
      readonly id: number
      readonly intent: IntentKind
      readonly reason: DropReason | string
    }
  /** A Welcome was sent for a commit that then lost: these devices must be invited anew. */
  | { readonly kind: 'invitation-void'; readonly members: readonly Member[] }
  | { readonly kind: 'equivocation'; readonly evidence: Equivocation }
  /**
   * An envelope that was not taken, with the code of the reason. A message of a sender that has been removed is shown
   * after all when its removal loses.
   */
  | { readonly kind: 'refused'; readonly id: string; readonly code: string }
  /** Mail of an epoch that has left the horizon: not read. */
  | { readonly kind: 'late'; readonly id: string; readonly epoch: number }
  /** An envelope was dropped because too many wait. */
  | { readonly kind: 'overflow'; readonly id: string }
  /** Mail cannot be placed: a commit is missing, or this member is on another branch than others. */
  | { readonly kind: 'stalled'; readonly epoch: number; readonly since: number }
  | { readonly kind: 'recovered' }
  /**
   * A device asks to be added that this branch does not have: it has been removed, or was invited on a branch that lost
   * by somebody who does not invite it again. An intent `add` with its KeyPackage lets it in, if that is wanted.
   */
  | { readonly kind: 'admission-asked'; readonly member: Member; readonly keyPackage: Uint8Array }
  /** This member asks to be added anew: give the log a fresh KeyPackage by the input `key-package`. */
  | { readonly kind: 'key-package-needed' }
