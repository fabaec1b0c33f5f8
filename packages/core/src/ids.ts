/** Branded identifiers: a value of one kind cannot be passed where another kind is meant. */
import { fromHex, toHex } from './bytes.js'
import { CoreError } from './errors.js'

declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Public name of an account: the checksummed text form of its Ed25519 key. `@hyphae/identity` makes and reads it. */
export type AccountId = Brand<string, 'AccountId'>
/** A device: its Ed25519 public key, 64 hexadecimal digits. */
export type DeviceId = Brand<string, 'DeviceId'>
/** A message, the same for its sender and all its recipients: 32 hexadecimal digits. */
export type MessageId = Brand<string, 'MessageId'>
/** An MLS group: its group id, 32 hexadecimal digits. */
export type GroupId = Brand<string, 'GroupId'>
/** A mailbox: the 32-byte Ed25519 public key that proves reading and acknowledging. */
export type BoxId = Brand<Uint8Array, 'BoxId'>

export const KEY_BYTES = 32
export const MESSAGE_ID_BYTES = 16
export const GROUP_ID_BYTES = 16

function sized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length)
    throw new CoreError('core/bad-id', { details: { length: bytes.length, expected: length } })
  return bytes
}

/** @throws CoreError `core/bad-id` unless 32 bytes */
export function boxId(publicKey: Uint8Array): BoxId {
  return sized(publicKey, KEY_BYTES) as BoxId
}

/** @throws CoreError `core/bad-id` unless 32 bytes */
export function deviceId(publicKey: Uint8Array): DeviceId {
  return toHex(sized(publicKey, KEY_BYTES)) as DeviceId
}

/** @throws CoreError `core/bad-id` unless 16 bytes */
export function messageId(bytes: Uint8Array): MessageId {
  return toHex(sized(bytes, MESSAGE_ID_BYTES)) as MessageId
}

/** @throws CoreError `core/bad-id` unless 16 bytes */
export function groupId(bytes: Uint8Array): GroupId {
  return toHex(sized(bytes, GROUP_ID_BYTES)) as GroupId
}

/** The bytes behind a hexadecimal id. */
export function idBytes(id: DeviceId | MessageId | GroupId): Uint8Array {
  return fromHex(id)
}
