/** What a relay asks of an issuer; `@hyphae/payment/issuer` is one, on Node. */
import type { IssuerStatement } from './statement.js'

export interface VerifiedToken {
  /** Epoch of its key: when it may be forgotten. */
  readonly epoch: number
  readonly nonce: Uint8Array
}

export interface Issuer {
  /** What the issuer commits to now. */
  statement(): IssuerStatement
  /**
   * Signs with the key of the current epoch, 256 bytes each; all or none.
   * @throws PaymentError `payment/bad-blinded`, `payment/bad-token` when `keyId` is not of the current key
   */
  sign(keyId: Uint8Array, blinded: readonly Uint8Array[]): Uint8Array[]
  /** Null when it is not a token of a key that is taken now. At most one public RSA operation. */
  verify(token: Uint8Array): VerifiedToken | null
  /** Makes the keys of the epochs that have come and forgets those that are over. */
  rotate(): Promise<void>
}
