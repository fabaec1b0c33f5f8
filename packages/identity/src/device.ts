/**
 * The private keys of one device. spec/identity.md section 4.
 *
 * Six keys, one purpose each; none is derived from another. Snapshots hold secrets in clear: seal them.
 */
import { concatBytes } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey, X25519PrivateKey } from '@hyphae/crypto'
import { IdentityError } from './errors.js'
import { KEY_BYTES } from './limits.js'

export interface DeviceKeySet {
  /** Names the device; signs its prekeys. */
  readonly signing: Ed25519PrivateKey
  /** The device's part in 1:1 handshakes. */
  readonly agreement: X25519PrivateKey
  /** Signs in MLS leaves. */
  readonly mls: Ed25519PrivateKey
  /** Opens handshake frames (HPKE). */
  readonly intro: X25519PrivateKey
  /** Reads the mailbox that handshakes go to. */
  readonly introBox: Ed25519PrivateKey
  /** Writes the device's records and stock in directories. */
  readonly directory: Ed25519PrivateKey
}

const SNAPSHOT_VERSION = 1
const SNAPSHOT_BYTES: number = 1 + 6 * KEY_BYTES

export function createDeviceKeys(crypto: CryptoProvider): DeviceKeySet {
  const { ed25519, x25519 } = crypto
  return {
    signing: ed25519.generate(),
    agreement: x25519.generate(),
    mls: ed25519.generate(),
    intro: x25519.generate(),
    introBox: ed25519.generate(),
    directory: ed25519.generate(),
  }
}

/** 193 secret bytes: version, then the six secrets in the order of `DeviceKeySet`. */
export function encodeDeviceKeys(crypto: CryptoProvider, keys: DeviceKeySet): Uint8Array {
  const { ed25519, x25519 } = crypto
  return concatBytes(
    Uint8Array.of(SNAPSHOT_VERSION),
    ed25519.exportSeed(keys.signing),
    x25519.exportPrivateKey(keys.agreement),
    ed25519.exportSeed(keys.mls),
    x25519.exportPrivateKey(keys.intro),
    ed25519.exportSeed(keys.introBox),
    ed25519.exportSeed(keys.directory),
  )
}

/** @throws IdentityError `identity/bad-seed` */
export function decodeDeviceKeys(crypto: CryptoProvider, bytes: Uint8Array): DeviceKeySet {
  if (bytes.length !== SNAPSHOT_BYTES || bytes[0] !== SNAPSHOT_VERSION)
    throw new IdentityError('identity/bad-seed', {
      details: { length: bytes.length, expected: SNAPSHOT_BYTES },
    })
  const secret = (index: number): Uint8Array =>
    bytes.slice(1 + index * KEY_BYTES, 1 + (index + 1) * KEY_BYTES)
  const { ed25519, x25519 } = crypto
  return {
    signing: ed25519.importSeed(secret(0)),
    agreement: x25519.importPrivateKey(secret(1)),
    mls: ed25519.importSeed(secret(2)),
    intro: x25519.importPrivateKey(secret(3)),
    introBox: ed25519.importSeed(secret(4)),
    directory: ed25519.importSeed(secret(5)),
  }
}
