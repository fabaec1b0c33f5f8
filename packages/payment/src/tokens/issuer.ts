/** What a relay asks of an issuer; `@hyphae/payment/issuer` is one, on Node. */
import type { IssuerStatement } from './statement.js'

export interface VerifiedToken {
  /** Epoch of its key. */
  readonly epoch: number
  /** Byte-days. */
  readonly value: number
  readonly nonce: Uint8Array
  /** ms since 1970: from then on nobody takes it, and its spending may be forgotten. */
  readonly until: number
}

/** All that a relay needs that takes tokens and sells none. */
export interface TokenVerifier {
  /** What the issuer commits to now. */
  statement(): IssuerStatement
  /**
   * Null when it is not a token of a key that is taken now. At most one public RSA operation.
   * @throws PaymentError `payment/malformed`
   */
  verify(token: Uint8Array): VerifiedToken | null
}

export interface Issuer extends TokenVerifier {
  /** What tokens of this key are worth, when it signs now. */
  valueOf(keyId: Uint8Array): number | undefined
  /**
   * Signs with a key of the current epoch, 256 bytes each; all or none. Lets others work between two.
   * @throws PaymentError `payment/bad-blinded`, `payment/bad-token` when `keyId` is not of a current key
   */
  sign(keyId: Uint8Array, blinded: readonly Uint8Array[]): Promise<Uint8Array[]>
  /** Makes the keys of the epochs that have come and forgets those that are over. */
  rotate(): Promise<void>
}
