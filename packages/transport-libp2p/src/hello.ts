/**
 * Who is at the other end of a frame stream (spec/libp2p.md, "Hello"). libp2p proves the peer id; the device signs it
 * with its own key, which is never used for libp2p itself.
 *
 *     hello = device key 32 ‖ Ed25519 signature 64 over "hyphae libp2p device 1\0" ‖ peer id ‖ streams u32
 */
import { concatBytes, type DeviceId, deviceId, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import { Libp2pError } from './errors.js'
import { HELLO_BYTES } from './wire.js'

const LABEL = utf8('hyphae libp2p device 1\0')
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64

type HelloCrypto = Pick<CryptoProvider, 'ed25519'>

/** The device's statement that it speaks as this peer: the same in each hello of one run. */
export interface Binding {
  readonly device: Uint8Array
  readonly signature: Uint8Array
}

/** `peerId` is the bytes of the peer id's multihash. */
export function signBinding(crypto: HelloCrypto, identity: Ed25519PrivateKey, peerId: Uint8Array): Binding {
  const signature = crypto.ed25519.sign(identity, concatBytes(LABEL, peerId))
  return { device: identity.publicKey.slice(), signature }
}

/** `streams`: how many streams with the peer this side knows to have been open. */
export function encodeHello({ device, signature }: Binding, streams: number): Uint8Array {
  const hello = new Uint8Array(HELLO_BYTES)
  hello.set(device)
  hello.set(signature, KEY_BYTES)
  new DataView(hello.buffer).setUint32(KEY_BYTES + SIGNATURE_BYTES, streams, true)
  return hello
}

export interface Hello {
  readonly device: DeviceId
  readonly streams: number
}

/** @throws Libp2pError `libp2p/broken` unless the device has signed this peer id */
export function readHello(crypto: HelloCrypto, peerId: Uint8Array, hello: Uint8Array): Hello {
  if (hello.length !== HELLO_BYTES) throw new Libp2pError('libp2p/broken')
  const device = hello.slice(0, KEY_BYTES)
  const signature = hello.slice(KEY_BYTES, KEY_BYTES + SIGNATURE_BYTES)
  if (!crypto.ed25519.verify(device, concatBytes(LABEL, peerId), signature))
    throw new Libp2pError('libp2p/broken')
  const view = new DataView(hello.buffer, hello.byteOffset)
  return { device: deviceId(device), streams: view.getUint32(KEY_BYTES + SIGNATURE_BYTES, true) }
}
