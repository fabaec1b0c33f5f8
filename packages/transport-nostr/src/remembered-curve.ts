/**
 * A curve that remembers which signatures it has found valid: every relay of a pool sends its own copy of an event. What
 * is remembered is the answer to one question, message, key and signature together, and nothing about any value: the
 * message is the id that the caller has just computed.
 */
import { concatBytes, toHex } from '@hyphae/core'
import { MAX_REMEMBERED_SIGNATURES } from './limits.js'
import type { Secp256k1 } from './secp256k1.js'

export function rememberedCurve(curve: Secp256k1): Secp256k1 {
  const valid = new Set<string>()
  return {
    ...curve,
    verify: (signature, message, publicKey) => {
      const question = toHex(concatBytes(signature, message, publicKey))
      if (valid.has(question)) return true
      if (!curve.verify(signature, message, publicKey)) return false
      valid.add(question)
      if (valid.size > MAX_REMEMBERED_SIGNATURES) valid.delete(valid.values().next().value as string)
      return true
    },
  }
}
