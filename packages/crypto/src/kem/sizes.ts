/** The parameter sets of FIPS 203, table 3: bytes of what travels. */
import type { KemName } from './key.js'

export interface KemSizes {
  readonly name: KemName
  readonly publicKeyBytes: number
  readonly ciphertextBytes: number
}

export const ML_KEM_768: KemSizes = { name: 'ml-kem-768', publicKeyBytes: 1184, ciphertextBytes: 1088 }
export const ML_KEM_1024: KemSizes = { name: 'ml-kem-1024', publicKeyBytes: 1568, ciphertextBytes: 1568 }
