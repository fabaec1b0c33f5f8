export type { MlsContext, MlsIdentity } from './context.js'
export { MLS_ERRORS, MlsError, type MlsErrorCode } from './errors.js'
export { forgetGroup } from './forget.js'
export { addMembers, createGroup, exportSecret, removeMembers, updateSelf } from './group.js'
export { type Invitation, joinGroup } from './join.js'
export { createKeyPackage } from './key-package.js'
export * from './limits.js'
export { encryptMessage } from './message.js'
export {
  type ApplicationEvent,
  type CommitEvent,
  type GroupEvent,
  type Processed,
  type ProposalEvent,
  processMessage,
} from './process.js'
export { createMlsProvider } from './provider.js'
export { decodeGroup, encodeGroup } from './snapshot.js'
export {
  epoch,
  epochAuthenticator,
  type GroupState,
  groupIdOf,
  isActive,
  type Member,
  members,
  ownLeaf,
} from './state.js'
export type { MlsSuite } from './suite.js'
