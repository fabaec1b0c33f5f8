/**
 * Any bytes, cut into the fields of a bundle: refused with a typed error, or what Bob signed.
 *
 *   flags u8: 1 with a one-time prekey | registration, device, signed, Kyber and one-time id, u32 each
 *   | identity key, signed prekey, its signature, Kyber key, its signature, one-time prekey: length u16, bytes
 */
import { equalBytes } from '@hyphae/core'
import { initiateSignalSession, type SignalBundle, verifySignalBundle } from '../src/signal.js'
import { signalFuzzWorld } from './support/signal-world.js'

const { crypto, alice, bob, bundle } = signalFuzzWorld()
const PARTS = 6
const HEAD_BYTES = 21

/** What is missing is zero, or empty. */
function bundleOf(input: Uint8Array): SignalBundle {
  const head = new Uint8Array(HEAD_BYTES)
  head.set(input.subarray(0, HEAD_BYTES))
  const view = new DataView(head.buffer)
  const id = (i: number): number => view.getUint32(1 + 4 * i, true)
  const parts: Uint8Array[] = []
  for (let at = HEAD_BYTES; parts.length < PARTS; ) {
    const length = (input[at] ?? 0) | ((input[at + 1] ?? 0) << 8)
    parts.push(input.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  const [identityKey, signedKey, signedSignature, kyberKey, kyberSignature, onceKey] = parts as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  return {
    registrationId: id(0),
    deviceId: id(1),
    identityKey,
    signedPrekey: { id: id(2), key: signedKey, signature: signedSignature },
    kyberPrekey: { id: id(3), key: kyberKey, signature: kyberSignature },
    ...((head[0] as number) === 0 ? {} : { prekey: { id: id(4), key: onceKey } }),
  }
}

export const target: { name: string; run(input: Uint8Array): void } = {
  name: 'signal-bundle',
  run(input) {
    const verified = verifySignalBundle(crypto, bundleOf(input), bob.publicKey)
    const signed =
      equalBytes(verified.signedPrekey.key, bundle.signedPrekey.key) &&
      equalBytes(verified.kyberPrekey.key, bundle.kyberPrekey.key)
    if (!signed) throw new Error('a forged bundle verified')
    initiateSignalSession(crypto, { identity: alice, registrationId: 9, bundle: verified })
  },
}
