/**
 * ECDSA over the NIST curves, as MLS signs with it (RFC 9420 section 5.1.2): DER signatures over the hash of the
 * message, keys as uncompressed points. One implementation on every runtime, so one verdict.
 */
import { MlsError } from '../errors.js'
import type { SyncSuite } from '../sync-suite.js'
import { isPoint, type P256, publicPoint } from './dhkem.js'

type Signing = Pick<
  SyncSuite,
  | 'signatureKind'
  | 'signingKeyLength'
  | 'sign'
  | 'verify'
  | 'generateSigning'
  | 'signingPublicOf'
  | 'isSigningKey'
>

/** A DER signature of P-384 has at most 104 bytes; what is longer is none. */
const MAX_SIGNATURE_BYTES = 112

export function ecdsaSigning(
  named: typeof P256,
  signatureKind: 'p256' | 'p384',
  randomBytes: (length: number) => Uint8Array,
): Signing {
  const { curve, privateLength } = named
  return {
    signatureKind,
    signingKeyLength: privateLength,
    sign(key, message) {
      if (!curve.utils.isValidSecretKey(key)) throw new MlsError('mls/bad-argument')
      return curve.sign(message, key, { format: 'der', extraEntropy: randomBytes(privateLength) })
    },
    verify(publicKey, message, signature) {
      if (!isPoint(named, publicKey) || signature.length > MAX_SIGNATURE_BYTES) return false
      try {
        return curve.verify(signature, message, publicKey, { format: 'der', lowS: false })
      } catch {
        return false
      }
    },
    generateSigning: () => curve.utils.randomSecretKey(randomBytes(curve.lengths.seed ?? 2 * privateLength)),
    signingPublicOf: (key) => publicPoint(named, key),
    isSigningKey: (publicKey) => isPoint(named, publicKey),
  }
}
