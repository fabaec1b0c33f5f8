/**
 * Who may commit what: the port through which the ordering of commits asks the group's rules (spec/ordering.md
 * section 3). Knows no roles; `../roles` implements it.
 *
 * The verdict must depend on the parent state and the commit alone. Anything else, such as time, what this member
 * happens to know, or the order in which messages came, would give two honest members two verdicts and split the
 * group. When a commit rests on a proposal that has not been read, the verdict is `wait`, never `refused`.
 */
import { toHex } from '@hyphae/core'
import type { GroupState, Member } from '../state.js'

/** What a commit does to its parent epoch. */
export interface Transition {
  /** The member that signed the commit, as it is in the parent; the joiner, for an external commit. */
  readonly committer: Member
  /** Members of the next epoch that are not in the parent, by leaf and signature key. */
  readonly added: readonly Member[]
  /** Members of the parent that are not in the next epoch. */
  readonly removed: readonly Member[]
  /** The state in the next epoch; null when the commit removes this member, which cannot derive it. */
  readonly next: GroupState | null
}

export type Verdict =
  | {
      readonly kind: 'accepted'
      /** The committer used a right that not everybody has: it goes before an ordinary rival. */
      readonly privileged: boolean
      /** Whose depth this commit counts for: the account behind the leaf. */
      readonly actor: string
    }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Judged again when another proposal of the parent epoch has been read. */
  | { readonly kind: 'wait' }

export interface GroupRules {
  judge(parent: GroupState, transition: Transition): Verdict
}

/** Everybody may do everything, and nobody goes first; each leaf stands for itself. */
export const everyoneMay: GroupRules = {
  judge: (_parent, { committer }) => ({
    kind: 'accepted',
    privileged: false,
    actor: toHex(committer.signatureKey),
  }),
}
