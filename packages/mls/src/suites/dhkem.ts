/**
 * DHKEM over the NIST curves (RFC 9180 section 4.1), with noble's curves.
 *
 *   shared_secret = ExtractAndExpand(DH(skE, pkR), enc ‖ pkR)
 *   enc           = pkE, an uncompressed point
 */
import { concatBytes } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import { p256, p384 } from '@noble/curves/nist.js'
import { MlsError } from '../errors.js'
import type { SuiteHash } from '../suite.js'
import type { KemPair } from '../sync-suite.js'
import { labeledExpand, labeledExtract, suiteId } from './kdf.js'
import type { HpkeKem } from './kem.js'

const EMPTY = new Uint8Array()
/** Section 7.1.3: a candidate is a scalar with a probability of nearly one; more tries than this never happen. */
const MAX_CANDIDATES = 255

interface Curve {
  readonly curve: typeof p256
  /** Section 7.1: number, and bytes of the shared secret and of a private key. */
  readonly id: number
  readonly secretLength: number
  readonly privateLength: number
}

export const P256: Curve = { curve: p256, id: 0x0010, secretLength: 32, privateLength: 32 }
export const P384: Curve = { curve: p384, id: 0x0011, secretLength: 48, privateLength: 48 }

/** An uncompressed point of the curve, and nothing else: section 7.1.4. */
export function isPoint({ curve, privateLength }: Curve, publicKey: Uint8Array): boolean {
  return (
    publicKey.length === 2 * privateLength + 1 &&
    publicKey[0] === 4 &&
    curve.utils.isValidPublicKey(publicKey, false)
  )
}

export function publicPoint({ curve }: Curve, privateKey: Uint8Array): Uint8Array {
  if (!curve.utils.isValidSecretKey(privateKey))
    throw new MlsError('mls/bad-argument', { details: { length: privateKey.length } })
  return curve.getPublicKey(privateKey, false)
}

/** Section 4.1: the x coordinate alone. */
function dh({ curve }: Curve, privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return curve.getSharedSecret(privateKey, publicKey, true).slice(1)
}

export function dhKem(named: Curve, hash: SuiteHash, randomBytes: (length: number) => Uint8Array): HpkeKem {
  const kem = suiteId('KEM', named.id)
  const pairOf = (privateKey: Uint8Array): KemPair => ({
    privateKey,
    publicKey: publicPoint(named, privateKey),
  })

  function derive(ikm: Uint8Array): KemPair {
    const prk = labeledExtract(hash, kem, EMPTY, 'dkp_prk', ikm)
    for (let counter = 0; counter <= MAX_CANDIDATES; counter++) {
      const info = Uint8Array.of(counter)
      const candidate = labeledExpand(hash, kem, prk, 'candidate', info, named.privateLength)
      if (named.curve.utils.isValidSecretKey(candidate)) return pairOf(candidate)
    }
    throw new MlsError('mls/bad-argument')
  }

  function shared(secret: Uint8Array, kemOutput: Uint8Array, publicKey: Uint8Array): Uint8Array {
    const prk = labeledExtract(hash, kem, EMPTY, 'eae_prk', secret)
    const context = concatBytes(kemOutput, publicKey)
    const out = labeledExpand(hash, kem, prk, 'shared_secret', context, named.secretLength)
    zeroize(secret, prk)
    return out
  }

  // From twice as many bytes as the scalar has, so that a key of the provider's randomness is never refused.
  const generate = (): KemPair => derive(randomBytes(2 * named.privateLength))
  return {
    id: named.id,
    privateLength: named.privateLength,
    generate,
    derive,
    publicOf: (privateKey) => publicPoint(named, privateKey),
    isPublicKey: (publicKey) => isPoint(named, publicKey),
    encapsulate(publicKey) {
      if (!isPoint(named, publicKey)) throw new MlsError('mls/undecryptable')
      const own = generate()
      const secret = shared(dh(named, own.privateKey, publicKey), own.publicKey, publicKey)
      return { kemOutput: own.publicKey, shared: secret }
    },
    decapsulate(privateKey, kemOutput) {
      if (!isPoint(named, kemOutput)) return null
      return shared(dh(named, privateKey, kemOutput), kemOutput, publicPoint(named, privateKey))
    },
  }
}
