/** The Signal wire, opt-in: the subpath `@hyphae/ratchet/signal` (spec/signal.md). */
export {
  acceptSignalSession,
  type SignalAccepted,
  type SignalAcceptOptions,
  type SignalPrekeyLookup,
} from './signal/accept.js'
export {
  decryptSignal,
  decryptSignalPrekey,
  type SignalDecrypted,
  type SignalDecryptOptions,
} from './signal/decrypt.js'
export { encryptSignal, type SignalEncrypted } from './signal/encrypt.js'
export { SIGNAL_ERRORS, SignalError, type SignalErrorCode } from './signal/errors.js'
export { initiateSignalSession, type SignalInitiateOptions } from './signal/initiate.js'
export * from './signal/limits.js'
export { decodePrekeyMessage, type PrekeyMessage } from './signal/prekey-message.js'
export {
  createKyberPrekey,
  createPrekey,
  createSignedPrekey,
  type SignalBundle,
  type SignalKyberPrekey,
  type SignalPrekey,
  type SignalSignedPrekey,
  type VerifiedSignalBundle,
  verifySignalBundle,
} from './signal/prekeys.js'
export { type SafetyNumberParty, safetyNumber } from './signal/safety-number.js'
export type { SignalSession } from './signal/session.js'
export { decodeSignalSession, encodeSignalSession } from './signal/snapshot.js'
export { xeddsaSign, xeddsaVerify } from './signal/xeddsa.js'
