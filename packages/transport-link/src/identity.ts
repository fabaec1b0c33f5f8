/**
 * Who is at the other end: a device signs the static key of its links with its Ed25519 key, and sends both inside the
 * handshake.
 *
 *     identity = device key 32 ‖ Ed25519 signature 64 over "hyphae link identity 1" ‖ static key 32
 */
import { concatBytes, toHex, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { LinkError } from './errors.js'

const LABEL = utf8('hyphae link identity 1')
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

type IdentityCrypto = Pick<CryptoProvider, 'ed25519'>

export function makeIdentity(
  crypto: IdentityCrypto,
  device: Ed25519PrivateKey,
  statics: Uint8Array,
): Uint8Array {
  return concatBytes(device.publicKey, crypto.ed25519.sign(device, concatBytes(LABEL, statics)))
}

/** The device id of whoever has proved `statics`. @throws LinkError `link/broken` */
export function readIdentity(crypto: IdentityCrypto, statics: Uint8Array, identity: Uint8Array): string {
  if (identity.length !== KEY_BYTES + SIGNATURE_BYTES) throw new LinkError('link/broken')
  const device = identity.subarray(0, KEY_BYTES)
  const signature = identity.subarray(KEY_BYTES)
  if (!crypto.ed25519.verify(device, concatBytes(LABEL, statics), signature))
    throw new LinkError('link/broken')
  return toHex(device)
}
