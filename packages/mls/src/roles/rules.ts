/**
 * The roles of a group behind the port that ordering asks (order/rules.ts). A commit that the parent's roles do
 * not permit has been refused when it was processed, so what arrives here is allowed; the verdict says who
 * goes first and on whose account it counts.
 */
import { toHex } from '@hyphae/core'
import type { MlsContext } from '../context.js'
import type { GroupRules } from '../order/rules.js'
import { accountOf } from './accounts.js'

/** Each account stands for all of its devices; a commit that needed a right goes before an ordinary rival. */
export function roleRules(ctx: MlsContext): GroupRules {
  return {
    judge: (_parent, { committer, privileged }) => ({
      kind: 'accepted',
      privileged,
      actor: toHex(accountOf(ctx, committer.credential)),
    }),
  }
}
