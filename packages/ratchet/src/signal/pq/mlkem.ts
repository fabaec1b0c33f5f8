/**
 * ML-KEM-768 in two halves (ML-KEM Braid section 2.2): the larger part of a ciphertext needs only the header of the
 * encapsulation key, so it can travel while the rest of the key is still under way.
 *
 *   ek = vector 1152 ‖ rho 32,  header = rho ‖ SHA3-256(ek)
 *   (K, r) = SHA3-512(m ‖ SHA3-256(ek))
 *   ct1 = Compress₁₀(NTT⁻¹(Âᵀ ∘ ŷ) + e₁), 960 bytes: needs rho and r alone    (FIPS 203, algorithm 14)
 *   ct2 = the last 128 bytes of ML-KEM-768.Encaps(ek, m)
 *
 * ct1 composes the audited library's own lattice operations; when the whole key is there, the library encapsulates
 * again with the same m, and its first 960 bytes must be the ct1 that was sent.
 */
import { concatBytes, equalBytes } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import { sha3_256, sha3_512, shake256 } from '@noble/hashes/sha3.js'
import { ml_kem768, __tests as operations } from '@noble/post-quantum/ml-kem.js'
import { SignalError } from '../errors.js'

export const HEADER_BYTES = 64
export const VECTOR_BYTES = 1152
export const CT1_BYTES = 960
export const CT2_BYTES = 128
/** d ‖ z of FIPS 203, from which a key pair is made again when it is needed. */
export const SEED_BYTES = 64
/** m of FIPS 203. */
export const RANDOMNESS_BYTES = 32
const RHO_BYTES = 32
const N = 256
const Q = 3329
const RANK = 3
const ETA = 2
const D_U = 10

type Polynomial = Uint16Array
/** What the library exports of its internals, and what this file uses of it. */
interface LatticeOperations {
  NTT(f: Polynomial): Polynomial
  NTT_inv(f: Polynomial): Polynomial
  MultiplyNTTs(f: Polynomial, g: Polynomial): Polynomial
  SamplePolyCBD(bytes: Uint8Array, eta: number): Polynomial
  SampleNTT(seed: Uint8Array): Polynomial
  Compress_d(x: number, d: number): number
  ByteEncode_d(f: Polynomial, d: number): Uint8Array
}
const lattice: LatticeOperations = operations

export interface EncapsulationKey {
  /** rho ‖ SHA3-256(ek), 64 bytes. */
  readonly header: Uint8Array
  /** 1,152 bytes. */
  readonly vector: Uint8Array
}

export function encapsulationKey(seed: Uint8Array): EncapsulationKey {
  const { publicKey, secretKey } = ml_kem768.keygen(seed)
  zeroize(secretKey)
  return {
    header: concatBytes(publicKey.subarray(VECTOR_BYTES), sha3_256(publicKey)),
    vector: publicKey.slice(0, VECTOR_BYTES),
  }
}

export interface FirstHalf {
  /** 960 bytes. */
  readonly ct1: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** `randomness` is m, 32 bytes, to be kept for the second half. */
export function encapsulateFirst(header: Uint8Array, randomness: Uint8Array): FirstHalf {
  const derived = sha3_512(concatBytes(randomness, header.subarray(RHO_BYTES)))
  const r = derived.subarray(32)
  const y: Polynomial[] = []
  for (let i = 0; i < RANK; i++) y.push(lattice.NTT(noise(r, i)))
  const rows: Uint8Array[] = []
  for (let i = 0; i < RANK; i++) rows.push(ciphertextRow(header, r, y, i))
  const secret = derived.slice(0, 32)
  zeroize(derived)
  return { ct1: concatBytes(...rows), secret }
}

/** Row i of u = NTT⁻¹(Âᵀ ∘ ŷ) + e₁, compressed. */
function ciphertextRow(header: Uint8Array, r: Uint8Array, y: readonly Polynomial[], i: number): Uint8Array {
  const sum = new Uint16Array(N)
  for (let j = 0; j < RANK; j++) {
    const seed = concatBytes(header.subarray(0, RHO_BYTES), Uint8Array.of(i, j))
    add(sum, lattice.MultiplyNTTs(lattice.SampleNTT(seed), y[j] as Polynomial))
  }
  const u = lattice.NTT_inv(sum)
  add(u, noise(r, RANK + i))
  return lattice.ByteEncode_d(
    u.map((x) => lattice.Compress_d(x, D_U)),
    D_U,
  )
}

function noise(r: Uint8Array, nonce: number): Polynomial {
  const bytes = shake256(concatBytes(r, Uint8Array.of(nonce)), { dkLen: 64 * ETA })
  return lattice.SamplePolyCBD(bytes, ETA)
}

function add(sum: Polynomial, term: Polynomial): void {
  for (let i = 0; i < N; i++) sum[i] = ((sum[i] as number) + (term[i] as number)) % Q
}

/**
 * ct2, 128 bytes.
 * @throws SignalError `ratchet/signal-bad-post-quantum` when `vector` is not the one that the header promised
 */
export function encapsulateSecond(
  header: Uint8Array,
  vector: Uint8Array,
  randomness: Uint8Array,
  ct1: Uint8Array,
): Uint8Array {
  const { cipherText } = encapsulateWhole(promisedKey(header, vector), randomness)
  if (!equalBytes(cipherText.subarray(0, CT1_BYTES), ct1)) throw badPart('ct1')
  return cipherText.slice(CT1_BYTES)
}

function encapsulateWhole(ek: Uint8Array, randomness: Uint8Array): { cipherText: Uint8Array } {
  try {
    return ml_kem768.encapsulate(ek, randomness)
  } catch (cause) {
    throw new SignalError('ratchet/signal-bad-post-quantum', { cause, details: { part: 'modulus' } })
  }
}

/** The whole key, which the header's hash must name. */
export function promisedKey(header: Uint8Array, vector: Uint8Array): Uint8Array {
  const ek = concatBytes(vector, header.subarray(0, RHO_BYTES))
  if (!equalBytes(sha3_256(ek), header.subarray(RHO_BYTES))) throw badPart('ek')
  return ek
}

function badPart(part: string): SignalError {
  return new SignalError('ratchet/signal-bad-post-quantum', { details: { part } })
}

/** 32 bytes. For a ciphertext that was tampered with, unrelated ones. */
export function decapsulate(seed: Uint8Array, ct1: Uint8Array, ct2: Uint8Array): Uint8Array {
  const { secretKey } = ml_kem768.keygen(seed)
  const secret = ml_kem768.decapsulate(concatBytes(ct1, ct2), secretKey)
  zeroize(secretKey)
  return secret
}
