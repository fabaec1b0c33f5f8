/**
 * libsecp256k1 in WebAssembly, as `tiny-secp256k1` brings it: an optional dependency, loaded when a curve is first needed.
 * Where it was not installed, cannot run, or does not give the portable curve's answers, there is none.
 */
import { createRequire } from 'node:module'
import { equalBytes } from '@hyphae/core'
import { type Libsecp256k1, overLibsecp256k1 } from './libsecp256k1.js'
import { nobleSecp256k1, type Secp256k1 } from './secp256k1.js'

/** Any message, secret and auxiliary bytes do: what counts is that both curves agree. */
const SAMPLE = new Uint8Array(32).fill(3)

export function loadLibsecp256k1(
  load: () => unknown = () => createRequire(import.meta.url)('tiny-secp256k1'),
): Secp256k1 | null {
  try {
    const curve = overLibsecp256k1(load() as Libsecp256k1)
    return agrees(curve) ? curve : null
  } catch {
    return null
  }
}

function agrees(curve: Secp256k1): boolean {
  const publicKey = nobleSecp256k1.publicKey(SAMPLE)
  const signature = nobleSecp256k1.sign(SAMPLE, SAMPLE, SAMPLE)
  const forged = signature.map((byte, index) => (index === 63 ? byte ^ 1 : byte))
  return (
    equalBytes(curve.publicKey(SAMPLE), publicKey) &&
    equalBytes(curve.sign(SAMPLE, SAMPLE, SAMPLE), signature) &&
    curve.verify(signature, SAMPLE, publicKey) &&
    !curve.verify(forged, SAMPLE, publicKey)
  )
}
