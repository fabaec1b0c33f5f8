export type { Effect, OrderEvent } from './effect.js'
export { forgetPast } from './forget.js'
export type { ExternalCommit, OrderContext, OrderInput, Sequencer, Stepped } from './input.js'
export type { DropReason, Intent, IntentKind, PendingIntent } from './intent.js'
export * from './limits.js'
export type {
  Beacon,
  CommitLink,
  EarlyEnvelope,
  EpochNode,
  Equivocation,
  GroupLog,
  HeldMessage,
  Offer,
  OrderMode,
  PastEpoch,
  PendingWelcome,
  Stall,
} from './log.js'
export { decodeLogRows } from './restore.js'
export { encodeLogChanges, encodeLogRows, type LogRow } from './rows.js'
export type { GroupRules, Transition, Verdict } from './rules.js'
export { startLog, step } from './step.js'
export type { EpochTag } from './tag.js'
