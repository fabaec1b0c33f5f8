/**
 * ML-KEM-768 in pieces (the ML-KEM Braid, section on incremental encapsulation; FIPS 203, Algorithms 14 and 17).
 *
 *   encapsulation key = vector 1152 ‖ rho 32          header = rho ‖ SHA3-256(encapsulation key)
 *   (K, r) = SHA3-512(m ‖ SHA3-256(encapsulation key))
 *   ct1    = Compress10(Aᵀ·y + e1), 960 bytes: needs rho and r, so the header is enough
 *   ct2    = Compress4(tᵀ·y + e2 + m), 128 bytes: needs the vector
 *
 * The library has no such interface. ct1 is computed with its own lattice functions, and ct2 is the tail of its
 * encapsulation with the same randomness, whose head must then be ct1: two computations that have to agree.
 */
import { mlKem768 } from '@hyphae/crypto/kem'
import { sha3_256, sha3_512, shake256 } from '@noble/hashes/sha3.js'
import { __tests } from '@noble/post-quantum/ml-kem.js'
import { RatchetError } from '../errors.js'

export const VECTOR_BYTES = 1152
export const HEADER_BYTES = 64
export const CT1_BYTES = 960
export const CT2_BYTES = 128
export const RANDOM_BYTES = 32

const RHO_BYTES = 32
const RANK = 3
const ETA = 2
const COMPRESSED_BITS = 10
const Q = 3329

/** What the library exports of its inner functions; the version is pinned. */
interface Lattice {
  Compress_d(x: number, bits: number): number
  ByteEncode_d(polynomial: Uint16Array, bits: number): Uint8Array
  NTT(polynomial: Uint16Array): Uint16Array
  NTT_inv(polynomial: Uint16Array): Uint16Array
  MultiplyNTTs(a: Uint16Array, b: Uint16Array): Uint16Array
  SamplePolyCBD(bytes: Uint8Array, eta: number): Uint16Array
  SampleNTT(seed: Uint8Array): Uint16Array
}

const lattice: Lattice = __tests

/** rho ‖ SHA3-256(encapsulation key), 64 bytes. */
export function headerOf(publicKey: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES)
  header.set(publicKey.subarray(VECTOR_BYTES))
  header.set(sha3_256(publicKey), RHO_BYTES)
  return header
}

/** The encapsulation key of both parts; null when they do not belong together or it is not acceptable. */
export function joinKey(header: Uint8Array, vector: Uint8Array): Uint8Array | null {
  const publicKey = new Uint8Array(VECTOR_BYTES + RHO_BYTES)
  publicKey.set(vector)
  publicKey.set(header.subarray(0, RHO_BYTES), VECTOR_BYTES)
  const hash = sha3_256(publicKey)
  if (!hash.every((byte, i) => byte === header[RHO_BYTES + i])) return null
  return mlKem768.isAcceptablePublicKey(publicKey) ? publicKey : null
}

export interface FirstPart {
  /** 960 bytes. */
  readonly ct1: Uint8Array
  /** 32 bytes: the secret is decided before the vector is known. */
  readonly secret: Uint8Array
}

/** The first part of encapsulating to a key of which only the header is known; `random` is 32 secret bytes. */
export function encapsulateFirst(header: Uint8Array, random: Uint8Array): FirstPart {
  const derived = sha3_512.create().update(random).update(header.subarray(RHO_BYTES)).digest()
  const noise = (nonce: number): Uint16Array => {
    const bytes = shake256
      .create({ dkLen: 64 * ETA })
      .update(derived.subarray(32))
      .update(Uint8Array.of(nonce))
      .digest()
    return lattice.SamplePolyCBD(bytes, ETA)
  }
  const y = Array.from({ length: RANK }, (_, i) => lattice.NTT(noise(i)))
  const ct1 = new Uint8Array(CT1_BYTES)
  const rowBytes = CT1_BYTES / RANK
  for (let i = 0; i < RANK; i++) {
    const row = rowTimes(header, i, y)
    ct1.set(compress(add(lattice.NTT_inv(row), noise(RANK + i))), i * rowBytes)
  }
  const secret = derived.slice(0, 32)
  derived.fill(0)
  for (const polynomial of y) polynomial.fill(0)
  return { ct1, secret }
}

/**
 * The second part, 128 bytes.
 * @throws RatchetError `ratchet/bad-snapshot` when `ct1` was not made with this header and randomness
 */
export function encapsulateSecond(publicKey: Uint8Array, random: Uint8Array, ct1: Uint8Array): Uint8Array {
  const { ciphertext } = mlKem768.unsafeEncapsulate(publicKey, random)
  if (!ct1.every((byte, i) => byte === ciphertext[i])) {
    throw new RatchetError('ratchet/bad-snapshot', { details: { part: 'post-quantum exchange' } })
  }
  return ciphertext.slice(CT1_BYTES)
}

/** Row i of the transposed matrix times y. */
function rowTimes(header: Uint8Array, i: number, y: readonly Uint16Array[]): Uint16Array {
  const seed = new Uint8Array(RHO_BYTES + 2)
  seed.set(header.subarray(0, RHO_BYTES))
  seed[RHO_BYTES] = i
  let sum: Uint16Array = new Uint16Array(256)
  for (const [j, polynomial] of y.entries()) {
    seed[RHO_BYTES + 1] = j
    sum = add(sum, lattice.MultiplyNTTs(lattice.SampleNTT(seed), polynomial))
  }
  return sum
}

function add(a: Uint16Array, b: Uint16Array): Uint16Array {
  return a.map((value, i) => (value + (b[i] as number)) % Q)
}

function compress(polynomial: Uint16Array): Uint8Array {
  return lattice.ByteEncode_d(
    polynomial.map((value) => lattice.Compress_d(value, COMPRESSED_BITS)),
    COMPRESSED_BITS,
  )
}
