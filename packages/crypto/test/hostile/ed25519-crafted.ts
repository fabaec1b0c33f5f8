/**
 * Signatures by a malicious signer who knows the scalar and adds points of small order to the key or to R.
 * All of them satisfy the cofactored equation; which satisfy the cofactorless one follows from the torsion
 * parts alone: [S]B − [k]A = R  ⇔  torsion(R) = −k·torsion(A).
 */
import { concatBytes, fromHex, utf8 } from '@hyphae/core'
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'

const { Point } = ed25519
const { Fn } = Point

export type SignedCase = {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
  /** The cofactorless verdict, by theory. */
  readonly valid: boolean
}

/** A generator of the eight points of small order. */
const ORDER_8 = Point.fromBytes(fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'))

/** The point i times the generator, i modulo 8. */
export function torsion(i: number): InstanceType<typeof Point> {
  let point = Point.ZERO
  for (let step = 0; step < ((i % 8) + 8) % 8; step++) point = point.add(ORDER_8)
  return point
}

const SCALAR = Fn.create(0x1234567890abcdef1234567890abcdef1234567890abcdefn)
const NONCE = Fn.create(0xfedcba0987654321fedcba0987654321fedcba09876543n)

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

export function encodeScalar(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

interface Forgery {
  readonly keyTorsion: number
  readonly nonceTorsion: number
  /** 0 makes a key of small order. */
  readonly scalar?: bigint
  /** 0 makes an R of small order. */
  readonly nonce?: bigint
  /** Another encoding of the same R, to be hashed and sent in its place. */
  readonly encodedR?: Uint8Array
}

/** Signs with the given torsion parts; says what the cofactorless equation makes of it. */
function forge(forgery: Forgery, message: Uint8Array): SignedCase {
  const { keyTorsion, nonceTorsion, scalar = SCALAR, nonce = NONCE } = forgery
  const publicKey = Point.BASE.multiplyUnsafe(scalar).add(torsion(keyTorsion)).toBytes()
  const r = forgery.encodedR ?? Point.BASE.multiplyUnsafe(nonce).add(torsion(nonceTorsion)).toBytes()
  const k = Fn.create(littleEndian(sha512(concatBytes(r, publicKey, message))))
  const signature = concatBytes(r, encodeScalar(Fn.create(nonce + k * scalar)))
  const valid = (Number(k % 8n) * keyTorsion + nonceTorsion) % 8 === 0
  return {
    name: `key torsion ${keyTorsion}, R torsion ${nonceTorsion}`,
    publicKey,
    message,
    signature,
    valid,
  }
}

/** Tries messages until the cofactorless verdict is the wanted one; undefined when theory forbids it. */
function search(forgery: Forgery, valid: boolean): SignedCase | undefined {
  for (let i = 0; i < 64; i++) {
    const made = forge(forgery, utf8(`message ${i}`))
    if (made.valid === valid) return { ...made, name: `${made.name}, ${valid ? 'passes' : 'fails'}` }
  }
  return undefined
}

/** Every pair of torsion parts, with a verdict of each kind where both exist. */
export function mixedOrderCases(): SignedCase[] {
  const cases: SignedCase[] = []
  for (let keyTorsion = 0; keyTorsion < 8; keyTorsion++) {
    for (let nonceTorsion = 0; nonceTorsion < 8; nonceTorsion++) {
      for (const valid of [true, false]) {
        const made = search({ keyTorsion, nonceTorsion }, valid)
        if (made !== undefined) cases.push(made)
      }
    }
  }
  return cases
}

/** Keys of small order: the equation may hold, the key is refused. One for each of the eight points. */
export function smallOrderKeyCases(): SignedCase[] {
  const cases: SignedCase[] = []
  for (let keyTorsion = 0; keyTorsion < 8; keyTorsion++) {
    const made = search({ keyTorsion, nonceTorsion: 0, scalar: 0n }, true)
    if (made !== undefined) cases.push(made)
  }
  return cases
}

/** R of small order under an honest key: r = 0, which a signer may choose to its own harm. */
export function smallOrderNonceCases(): SignedCase[] {
  return [0, 1, 2, 4].map((nonceTorsion) =>
    forge({ keyTorsion: 0, nonceTorsion, nonce: 0n }, utf8(`R of small order ${nonceTorsion}`)),
  )
}

/** R = the neutral point in two encodings that are not canonical; the equation over points holds. */
export function nonCanonicalNonceCases(): SignedCase[] {
  return [`ee${'ff'.repeat(30)}7f`, `01${'00'.repeat(30)}80`].map((encoding) => ({
    ...forge({ keyTorsion: 0, nonceTorsion: 0, nonce: 0n, encodedR: fromHex(encoding) }, utf8(encoding)),
    valid: false,
  }))
}

/** Every encoding of a point of small order that is not the canonical one: y ≥ p, or x = 0 with sign bit. */
export const NON_CANONICAL_SMALL_ORDER: readonly Uint8Array[] = [
  `01${'00'.repeat(30)}80`,
  `ec${'ff'.repeat(31)}`,
  `ed${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(31)}`,
  `ee${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(31)}`,
].map(fromHex)
