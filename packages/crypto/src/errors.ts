/** Every error this package throws. Details hold lengths and limits, never a byte of a key. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const CRYPTO_ERRORS = {
  'crypto/bad-length': {
    message: 'A cryptographic input has the wrong length.',
    hint: 'Compare the length with the one in the details.',
  },
  'crypto/bad-public-key': {
    message: 'The public key is not one that an honest party would make.',
    hint: 'Refuse whoever offered it.',
  },
  'crypto/low-order-key': {
    message: 'The public key would give an all-zero shared secret.',
    hint: 'Refuse whoever offered it.',
  },
  'crypto/foreign-key': {
    message: 'The private key was not made by this package, or is of another kind.',
    hint: 'Make it with generate or an import function of the provider; install one copy of the package.',
  },
  'crypto/rng-failed': {
    message: 'The random generator failed, so nothing was generated.',
    hint: 'Check that the platform offers crypto.getRandomValues, or the injected generator.',
  },
  'crypto/hasher-spent': {
    message: 'The hasher has already given its digest.',
    hint: 'Create a new hasher for the next input.',
  },
  'crypto/bad-parameters': {
    message: 'The password hashing parameters are out of bounds.',
    hint: 'Use N a power of two, with 128·N·r bytes within the limit in the details.',
  },
} as const

export class CryptoError extends HyphaeError<keyof typeof CRYPTO_ERRORS> {
  constructor(code: keyof typeof CRYPTO_ERRORS, context?: ErrorContext) {
    super(CRYPTO_ERRORS, code, context)
  }
}
