export {
  acceptSignalSession,
  type SignalAccepted,
  type SignalAcceptOptions,
  type SignalPrekeyLookup,
} from './accept.js'
export { decryptSignal, decryptSignalPrekey, type SignalDecrypted } from './decrypt.js'
export { encryptSignal, type SignalEncrypted } from './encrypt.js'
export { SIGNAL_ERRORS, SignalError, type SignalErrorCode } from './errors.js'
export { initiateSignalSession, type SignalInitiateOptions } from './initiate.js'
export * from './limits.js'
export { decodePrekeyMessage, type PrekeyMessage } from './prekey-message.js'
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
} from './prekeys.js'
export { type SafetyNumberParty, safetyNumber } from './safety-number.js'
export type { SignalSession } from './session.js'
export { xeddsaSign, xeddsaVerify } from './xeddsa.js'
