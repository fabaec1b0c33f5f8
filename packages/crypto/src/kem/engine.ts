/**
 * What a library computes of ML-KEM (FIPS 203, algorithms 16 to 18 with their randomness given). Inputs have been
 * checked; an engine knows no opaque key and draws nothing at random. All engines give the same bytes, so a key
 * that one expanded serves another.
 */

/** What a seed expands to, in the encodings of FIPS 203 section 7.1. */
export interface ExpandedKemKey {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

export interface Encapsulated {
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/** Outputs are new arrays. */
export interface KemEngine {
  /** `seed` is d ‖ z, 64 bytes. */
  expand(seed: Uint8Array): ExpandedKemKey
  /** `random` is m, 32 bytes. */
  encapsulate(publicKey: Uint8Array, random: Uint8Array): Encapsulated
  decapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array
}
