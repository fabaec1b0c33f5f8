/**
 * What one member knows of the order of commits in one group, as an immutable value: the epochs within the horizon as
 * a tree, the branch it follows, what cannot be read yet and what it still wants to do (spec/ordering.md section 2).
 * Knows no bytes and no time; `step` makes the next value.
 */
import type { GroupState, Member } from '../state.js'
import type { PendingIntent } from './intent.js'
import type { EpochTag } from './tag.js'

/**
 * `deterministic`: commits are published at once, and all members choose alike among rivals. `relay-sequenced`: a
 * commit is published when a sequencer has found no other one of its epoch, so that there are no rivals while it is
 * honest; what it says changes nothing in the choice.
 */
export type OrderMode = 'deterministic' | 'relay-sequenced'

/** How an epoch came about. */
export interface CommitLink {
  /** As it was sent. */
  readonly envelope: Uint8Array
  /** SHA-256 of the commit, 32 bytes. */
  readonly digest: Uint8Array
  readonly committer: Member
  readonly actor: string
  readonly privileged: boolean
  /** HMAC-SHA-256 of the committer's leaf index under a secret of the parent epoch, 32 bytes. */
  readonly selector: Uint8Array
  readonly added: readonly Member[]
  readonly removed: readonly Member[]
  readonly own: boolean
  /** False while only this member knows it: it takes no part in the choice. */
  readonly published: boolean
  /** The sequencer took it. */
  readonly sequenced: boolean
}

export interface EpochNode {
  readonly tag: EpochTag
  readonly epoch: number
  /** Null for the oldest one that is kept. */
  readonly parent: EpochTag | null
  readonly state: GroupState
  /** False when the commit removed this member: what follows cannot be read. */
  readonly active: boolean
  /** Null for the epoch in which this member founded or joined the group. */
  readonly link: CommitLink | null
  /** Commits in a row up to this one in which one actor only refreshed itself. */
  readonly idle: number
  /** Envelopes of the proposals that were read or made in it, oldest first: whoever lacks one cannot read a commit. */
  readonly proposals: readonly Uint8Array[]
  /** Names of the messages that this member has sent in it, newest first. */
  readonly sent: readonly string[]
}

/** An envelope that cannot be read yet. */
export interface EarlyEnvelope {
  readonly kind: 'proposal' | 'commit' | 'application'
  readonly bytes: Uint8Array
  /** SHA-256 of its message, hexadecimal. */
  readonly digest: string
  /** The first half of it, which names the message. */
  readonly id: string
  readonly tag: EpochTag
  readonly epoch: number
  /** When it came, by the clock of this member: for showing a stall, never for order. */
  readonly since: number
}

/** A message of a member whom the branch that is followed has removed: read when that branch is given up. */
export interface HeldMessage {
  /** SHA-256 of the message, hexadecimal. */
  readonly digest: string
  readonly tag: EpochTag
  /** The envelope. */
  readonly bytes: Uint8Array
  /** The sender's signature key, hexadecimal. */
  readonly sender: string
}

/** A Welcome of a commit of this member. */
export interface PendingWelcome {
  readonly tag: EpochTag
  readonly welcome: Uint8Array
  readonly members: readonly Member[]
  /** Since when its commit has been on the chosen branch. */
  readonly since: number
  readonly sent: boolean
}

/** Two commits of one member in one epoch, which no honest member makes. */
export interface Equivocation {
  readonly parent: EpochTag
  readonly epoch: number
  readonly committer: Member
  /** SHA-256 of the two commits. */
  readonly digests: readonly [Uint8Array, Uint8Array]
}

/** Where another member says it stands. */
export interface Beacon {
  /** Its signature key, hexadecimal. */
  readonly key: string
  readonly epoch: number
  /** Its last epochs, the present one first. */
  readonly lineage: readonly EpochTag[]
  /** When it said so, by its own clock: a later word of the same member replaces an earlier one. */
  readonly nonce: number
  /** An epoch that it has read and does not follow, by its own word; null when it has named none. */
  readonly apart: EpochTag | null
  /** It has asked to be added anew. */
  readonly leaving: boolean
}

/** Mail that belongs to no known epoch. */
export interface Stall {
  readonly since: number
  readonly tag: EpochTag
  readonly epoch: number
  readonly shown: boolean
  /** When the last plea was sent; null before the first. */
  readonly asked: number | null
  /** The mail is older than the root, or a word is all there is: only a count of members can tell what it means. */
  readonly late: boolean
  /** This member has found that it cannot follow, and waits to be added anew. */
  readonly leaving: boolean
  readonly offer: Offer | null
}

/** With what a member may be added anew, and from which epoch of the others on: whoever has done so has answered. */
export interface Offer {
  readonly keyPackage: Uint8Array
  readonly target: EpochTag
  readonly since: number
}

/** An epoch of which no more than this is kept. */
export interface PastEpoch {
  readonly tag: EpochTag
  readonly epoch: number
}

/** Immutable, and good for the next step whatever became of this one. */
export interface GroupLog {
  /** 32 hexadecimal digits. */
  readonly group: string
  readonly nodes: ReadonlyMap<EpochTag, EpochNode>
  readonly root: EpochTag
  readonly tip: EpochTag
  readonly early: readonly EarlyEnvelope[]
  /** By digest. */
  readonly held: readonly HeldMessage[]
  readonly intents: readonly PendingIntent[]
  readonly welcomes: readonly PendingWelcome[]
  /** Own commit that a sequencer is asked about, and since when; `taken` once it has refused. */
  readonly submitted: { readonly tag: EpochTag; readonly since: number; readonly taken: boolean } | null
  /** Epochs before the root, of branches that were given up too; newest first. */
  readonly history: readonly PastEpoch[]
  readonly refused: readonly string[]
  readonly evidence: readonly Equivocation[]
  readonly beacons: ReadonlyMap<string, Beacon>
  readonly stall: Stall | null
  /** The nonce of this member's last plea: the next one is greater, whatever the clock says. */
  readonly spoken: number
  /** Epochs of which this member has said that it has read them and stands apart; newest word first. */
  readonly apart: readonly EpochTag[]
  /** When this member last answered a plea. */
  readonly answered: number | null
  /** Signature keys, hexadecimal, of devices whose Welcome was sent by this member and has become void. */
  readonly voided: readonly string[]
  /** Counts the intents, which are named by it. */
  readonly counter: number
}
