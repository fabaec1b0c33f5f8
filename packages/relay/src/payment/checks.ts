/**
 * Tickets of payment: tokens, which say nothing of who spends them, and vouchers or links of a channel.
 *
 * spec/payment.md section 8. A token is counted by the engine in the step that stores the frame, so whichever relay
 * of a cluster is shown it, it buys one frame; what is kept is a hash of the token, until its key is over.
 */
import { concatBytes, type HyphaeError, isHyphaeError, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { byteDaysOf, type PaymentErrorCode, type Purchase, type Till, tokenParts } from '@hyphae/payment'
import type { TokenVerifier, VerifiedToken } from '@hyphae/payment/issuer'
import type { FailureName } from '@hyphae/transport-relay/wire'
import { refuse } from '../engine/engine.js'
import type { AdmissionRequest, Admittance, TicketCheck, TicketChecks } from '../server/admission.js'

const SPEND_LABEL = utf8('hyphae token spend v1\0')
const PURPOSE_LABEL = utf8('hyphae put v1\0')
const PURPOSE_BYTES = 16

const FAILURES: Readonly<Partial<Record<PaymentErrorCode, FailureName>>> = {
  'payment/backward': 'payment-backward',
  'payment/no-credit': 'no-credit',
  'payment/over-capacity': 'no-credit',
  'payment/unfunded': 'no-credit',
  'payment/chain-spent': 'no-credit',
  'payment/expired': 'payment-expired',
  'payment/unknown-channel': 'unknown-channel',
  'payment/spent': 'ticket-spent',
  'payment/too-many-channels': 'limit',
}

/** What a client is told; undefined when the error is none of payment. */
export function paymentFailure(error: unknown): FailureName | undefined {
  if (!isHyphaeError(error)) return undefined
  const { code } = error as HyphaeError
  return code.startsWith('payment/') ? (FAILURES[code as PaymentErrorCode] ?? 'bad-payment') : undefined
}

/** Null for bytes that are no token. */
function verified(verifier: TokenVerifier, bytes: Uint8Array): VerifiedToken | null {
  try {
    return verifier.verify(bytes)
  } catch (error) {
    if (isHyphaeError(error, 'payment/malformed')) return null
    throw error
  }
}

function tokenCheck(crypto: CryptoProvider, verifier: TokenVerifier): TicketCheck {
  return ({ frame, ttl, ticket }): Admittance => {
    const token = verified(verifier, ticket.bytes)
    if (token === null) return refuse('bad-ticket')
    if (token.value < byteDaysOf(frame.length, ttl)) return refuse('no-credit')
    const { keyId, nonce } = tokenParts(ticket.bytes)
    const name = crypto.sha256(concatBytes(SPEND_LABEL, keyId, nonce))
    return { spend: { name, most: 1, until: token.until } }
  }
}

/** The same for a repeated put, another for any other. */
function purchaseOf(crypto: CryptoProvider, { box, id, frame, ttl }: AdmissionRequest): Purchase {
  // What was paid for is a size and a time too: the same id would buy the largest for the price of the smallest.
  const size = Uint8Array.of(frame.length, frame.length >>> 8, frame.length >>> 16, ttl)
  const digest = crypto.sha256(concatBytes(PURPOSE_LABEL, box, id, size))
  return { bytes: frame.length, days: ttl, purpose: digest.slice(0, PURPOSE_BYTES) }
}

function paymentCheck(crypto: CryptoProvider, till: Till): TicketCheck {
  return async (request) => {
    try {
      await till.takePayment(request.ticket.bytes, purchaseOf(crypto, request))
      return {}
    } catch (error) {
      const name = paymentFailure(error)
      if (name === undefined) throw error
      return refuse(name === 'bad-payment' ? 'bad-ticket' : name)
    }
  }
}

export function paymentChecks(
  crypto: CryptoProvider,
  { till, verifier }: { readonly till?: Till | undefined; readonly verifier?: TokenVerifier | undefined },
): TicketChecks {
  return {
    ...(verifier === undefined ? {} : { token: tokenCheck(crypto, verifier) }),
    ...(till === undefined ? {} : { payment: paymentCheck(crypto, till) }),
  }
}
