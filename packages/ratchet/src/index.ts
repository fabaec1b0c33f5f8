export { type AcceptedSession, type AcceptOptions, acceptSession } from './accept.js'
export { type Decrypted, type DecryptOptions, decryptFrame } from './decrypt.js'
export {
  type DeviceKeys,
  type DevicePublicKeys,
  devicePublicKeys,
  type PeerKeys,
  verifyAgreementKey,
} from './device-keys.js'
export { type EncryptInput, encryptFrame } from './encrypt.js'
export { RATCHET_ERRORS, RatchetError, type RatchetErrorCode } from './errors.js'
export { type SessionHealth, sessionHealth } from './health.js'
export { type InitiatedSession, type InitiateOptions, initiateSession } from './initiate.js'
export * from './limits.js'
export { expectedTags } from './locate.js'
export type { PostQuantum } from './post-quantum.js'
export {
  type BundleContent,
  decodePrekeyBundle,
  type KemPrekeyPublic,
  type OneTimePrekeyPublic,
  type PrekeyBundle,
  type SignedPrekeyPublic,
  type UnverifiedPrekeyBundle,
  verifyPrekeyBundle,
} from './prekey-bundle.js'
export { type DecodePrekeyOptions, decodePrekeyState, encodePrekeyState } from './prekey-snapshot.js'
export {
  createPrekeyState,
  currentSignedPrekey,
  generateOneTimePrekeys,
  lastResortBundle,
  type OneTimePrekey,
  type PrekeyState,
  rotateSignedPrekey,
  type SignedPrekey,
} from './prekey-state.js'
export type { SessionRole } from './role.js'
export { SESSION_ID_BYTES, type SessionState } from './session.js'
export { type DecodeSessionOptions, decodeSession, encodeSession } from './session-snapshot.js'
