/** A key encapsulation mechanism as HPKE uses it (RFC 9180 section 4): bytes in, bytes out. Knows no suite. */
import type { KemPair } from '../sync-suite.js'

export interface HpkeKem {
  /** RFC 9180 section 7.1. */
  readonly id: number
  /** Bytes of a private key. */
  readonly privateLength: number
  generate(): KemPair
  /** Section 7.1.3. */
  derive(ikm: Uint8Array): KemPair
  /** @throws MlsError `mls/bad-argument` when it is no private key */
  publicOf(privateKey: Uint8Array): Uint8Array
  isPublicKey(publicKey: Uint8Array): boolean
  /** @throws MlsError `mls/undecryptable` for a key that isPublicKey refuses */
  encapsulate(publicKey: Uint8Array): { readonly kemOutput: Uint8Array; readonly shared: Uint8Array }
  /** Null for what is not an encapsulation. */
  decapsulate(privateKey: Uint8Array, kemOutput: Uint8Array): Uint8Array | null
}
