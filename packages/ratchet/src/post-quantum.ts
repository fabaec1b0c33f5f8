/**
 * What a session needs of post-quantum cryptography, as an interface: `@hyphae/ratchet/pq` implements it, and is
 * passed in. A program that does not pass it carries no lattice code (spec/session.md, "Suites").
 */
import type { Kem, KemName } from '@hyphae/crypto/kem'

export interface PostQuantum {
  /** The KEM of new prekeys. */
  readonly prekeyKem: Kem
  /** Any KEM that a bundle may name. */
  kem(name: KemName): Kem
}
