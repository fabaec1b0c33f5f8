/** Ports to services outside the node: names, wallets and payment. */
import type { IoOptions } from './carrier.js'

/** Proposes signed identity records for a handle; never decides. Signature and pin do. */
export interface Resolver {
  readonly name: string
  /** Encoded identity records, unverified, best first; empty when the handle is not known here. */
  resolve(handle: string, options?: IoOptions): Promise<Uint8Array[]>
}

/** A wallet that signs one statement, once, to bind its address to an account key. */
export interface Signer {
  /** `eip191`, `eip1271`, … names how a verifier reads the signature. */
  readonly scheme: string
  readonly address: string
  sign(statement: string): Promise<Uint8Array>
}

export interface PaymentQuote {
  readonly method: string
  /** In the method's smallest unit. */
  readonly amount: bigint
  readonly memo: Uint8Array
  readonly expiresAt: number
}

export interface PaymentMethod {
  readonly method: string
  quote(request: { readonly bytes: number; readonly days: number }): Promise<PaymentQuote>
  pay(quote: PaymentQuote, options?: IoOptions): Promise<Uint8Array>
  /** True when `proof` pays `quote`. */
  verify(quote: PaymentQuote, proof: Uint8Array): Promise<boolean>
  settle(options?: IoOptions): Promise<void>
}
