export {
  type AccountKeys,
  accountFromSeed,
  accountId,
  accountKey,
  createAccount,
  exportAccountSeed,
} from './account.js'
export type { Binding } from './binding.js'
export {
  certifyDevice,
  type DeviceCertificate,
  type DeviceCertificateFields,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  type UnverifiedDeviceCertificate,
  verifyDeviceCertificate,
} from './certificate.js'
export { createDeviceKeys, type DeviceKeySet, decodeDeviceKeys, encodeDeviceKeys } from './device.js'
export {
  directoryAddress,
  newestIdentityRecord,
  openIdentityRecord,
  openStockItem,
  sealIdentityRecord,
  sealStockItem,
} from './directory.js'
export { IDENTITY_ERRORS, IdentityError } from './errors.js'
export { handleFromId, handleId, normalizeHandle } from './handle.js'
export * from './limits.js'
export {
  approvePin,
  assertPinned,
  checkPin,
  identityRecordHash,
  keepPin,
  type Pin,
  type PinCheck,
  type PinContext,
  type PinnedRecord,
  type PinVerdict,
} from './pin.js'
export { decodePin, encodePin } from './pin-codec.js'
export {
  decodeIdentityRecord,
  encodeIdentityRecord,
  type IdentityRecord,
  type IdentityRecordFields,
  type IdentityStatement,
  signIdentityRecord,
  type UnverifiedIdentityRecord,
  verifyIdentityRecord,
} from './record.js'
export { resolveHandle, staticResolver } from './resolver.js'
export { formatSafetyNumber, safetyNumber } from './safety-number.js'
