/**
 * The modulus check of FIPS 203 section 7.2, on the bytes alone: an encapsulation key packs coefficients of 12 bits,
 * and each must be below q. Knows no lattice, so that a prekey bundle can be checked where it is read.
 */
const Q = 3329
/** The 32-byte seed of the matrix ends the key; it may be anything. */
const RHO_BYTES = 32

/** True when every coefficient before the trailing 32 bytes is reduced. */
export function hasReducedCoefficients(publicKey: Uint8Array): boolean {
  const end = publicKey.length - RHO_BYTES
  for (let i = 0; i + 2 < end; i += 3) {
    const middle = publicKey[i + 1] as number
    const first = (publicKey[i] as number) | ((middle & 0x0f) << 8)
    const second = (middle >> 4) | ((publicKey[i + 2] as number) << 4)
    if (first >= Q || second >= Q) return false
  }
  return true
}
