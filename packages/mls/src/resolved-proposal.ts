/** A proposal of a commit, with whoever answers for it: given in the commit, or named by it. */
import type { Proposal } from 'ts-mls'

/** The kinds that may be in a member's commit. */
export type PermittedProposal = Extract<
  Proposal,
  { proposalType: 'add' | 'remove' | 'update' | 'group_context_extensions' | 'psk' }
>

export interface ResolvedProposal {
  readonly proposal: PermittedProposal
  readonly sender: number
  /** Whether the committer speaks itself, or names a proposal that `sender` has made. */
  readonly inline: boolean
}
