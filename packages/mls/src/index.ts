export type { MlsContext, MlsIdentity, MlsInterop, MlsWide, PskName } from './context.js'
export { MLS_ERRORS, MlsError, type MlsErrorCode } from './errors.js'
export { exportGroupInfo } from './external-info.js'
export { type ExternalJoin, joinExternally } from './external-join.js'
export { forgetGroup } from './forget.js'
export {
  addMembers,
  type Committed,
  changeGroup,
  createGroup,
  exportSecret,
  type GroupChanges,
  type RoleOptions,
  removeMembers,
  updateSelf,
} from './group.js'
export { chunksWanted, type Invitation, joinGroup } from './join.js'
export { createKeyPackage, generateSigningKey, type KeyPackageInfo, readKeyPackage } from './key-package.js'
export * from './limits.js'
export { encryptMessage } from './message.js'
export {
  EMPTY_POOL,
  entryFor,
  joinFromPool,
  type KeyPackagePool,
  type PoolEntry,
  type PooledJoin,
  type Refill,
  refillPool,
  type SpentEntry,
  spendEntry,
} from './pool.js'
export { decodePool, encodePool } from './pool-snapshot.js'
export {
  type ApplicationEvent,
  type CommitEvent,
  type GroupEvent,
  type Processed,
  type ProposalEvent,
  processMessage,
} from './process.js'
export { commitLeaves, leavingMembers, proposeLeave } from './propose.js'
export { createMlsProvider } from './provider.js'
export { type AccountMember, accounts } from './roles/accounts.js'
export { rolesOf } from './roles/extension.js'
export type { Admin, ExternalJoinRule, InviteRule, Right, Roles } from './roles/roles.js'
export { roleRules } from './roles/rules.js'
export { isUpdateDue, nextUpdateAt } from './rotation.js'
export { encodeGroupChanges, encodeGroupRows, type GroupRow } from './rows.js'
export type { EcdsaPrivateKey, SigningKey } from './signing.js'
export { decodeGroup, decodeGroupRows, encodeGroup } from './snapshot.js'
export {
  epoch,
  epochAuthenticator,
  type GroupState,
  groupIdOf,
  hasUpdated,
  isActive,
  type Member,
  members,
  ownLeaf,
} from './state.js'
export type { MlsSuite } from './suite.js'
export type { SuiteMaker } from './sync-suite.js'
export { type TreeChunk, type TreePlace, treeChunks } from './tree-chunks.js'
