/**
 * Who may commit what: the port through which the ordering of commits asks the group's rules (spec/ordering.md
 * section 3). What the roles of the group forbid never gets here: processMessage and changeGroup refuse it. Here an
 * application may forbid more, say what goes first, and say which leaves are one account.
 *
 * The verdict must depend on the parent state and the commit alone. Anything else, such as time, what this member
 * happens to know, or the order in which messages came, would give two honest members two verdicts and split the
 * group. When a commit rests on a proposal that has not been read, the verdict is `wait`, never `refused`.
 */
import type { GroupState, Member } from '../state.js'

/** What a commit does to its parent epoch. */
export interface Transition {
  /** The member that signed the commit, as it is in the parent; the joiner, for an external commit. */
  readonly committer: Member
  readonly added: readonly Member[]
  readonly removed: readonly Member[]
  /** By the roles of the group the committer used a right that not everybody has. */
  readonly privileged: boolean
  /** The state in the next epoch; null when the commit removes this member, which cannot derive it. */
  readonly next: GroupState | null
}

export type Verdict =
  | {
      readonly kind: 'accepted'
      /** Goes before a rival of the same depth that is not. */
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
