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

/** What is to be stored, and for how long. */
export interface PaymentRequest {
  readonly bytes: number
  readonly days: number
}

export interface PaymentQuote {
  readonly method: string
  /** In the method's smallest unit: of money, or of tokens. */
  readonly amount: bigint
  /** The payee's; names the quote. */
  readonly memo: Uint8Array
  /** ms since 1970. */
  readonly expiresAt: number
}

/** The side that pays. */
export interface PaymentPayer {
  readonly method: string
  /** The proof that pays `quote`: bytes for the payee alone. */
  pay(quote: PaymentQuote, options?: IoOptions): Promise<Uint8Array>
}

/** The side that is paid. */
export interface PaymentPayee {
  readonly method: string
  quote(request: PaymentRequest): Promise<PaymentQuote>
  /** True when `proof` pays `quote`: it is then taken, durably, and pays nothing else. */
  verify(quote: PaymentQuote, proof: Uint8Array): Promise<boolean>
  /** Turns what was taken into money, where the method needs that. */
  settle(options?: IoOptions): Promise<void>
}

export type PaymentMethod = PaymentPayer & PaymentPayee
