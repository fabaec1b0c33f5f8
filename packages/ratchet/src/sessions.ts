/// <reference lib="esnext.disposable" preserve="true" />
/** Sessions kept in a store, the subpath `@hyphae/ratchet/sessions` (spec/session.md, sections 11 to 17). */
export type { Accepted, AcceptInput } from './sessions/accept.js'
export type { BeginInput, Begun, Need, NeedReason } from './sessions/begin.js'
export type { OneTimePolicy } from './sessions/context.js'
export type { SessionSummary } from './sessions/device-sessions.js'
export { isSessionsFault, SESSIONS_ERRORS, SessionsError, type SessionsErrorCode } from './sessions/errors.js'
export type { SessionsStatus } from './sessions/ledger.js'
export * from './sessions/limits.js'
export { openSessions, type Recovery, type Sessions, type SessionsOptions } from './sessions/manager.js'
export type { Encrypted, FrameInput, Opened } from './sessions/messages.js'
export type { IssuedPrekeys, PrekeyStatus } from './sessions/prekeys.js'
export type { SessionTransaction } from './sessions/transaction.js'
export type { Witness } from './sessions/witness.js'
