/**
 * Hash chains for thin links: a payment is one 32-byte link instead of a signature (spec/payment.md section 5).
 *
 *     x(0) = secret, x(i+1) = SHA-256("hyphae link v1" ‖ 0 ‖ nonce ‖ x(i)), anchor = x(links)
 *     the k-th payment shows x(links − k); who knows it knows all that were paid before, and none to come
 *
 * After Rivest and Shamir, PayWord (1996). The opening of the channel commits to anchor, length and value of a link.
 */
import { concatBytes, equalBytes, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { sized } from '../codec.js'
import { PaymentError } from '../errors.js'
import { CHAIN_CHECKPOINT, ID_BYTES, MAX_CHAIN_LINKS, MAX_CHAIN_STEP } from '../limits.js'
import { CHANNEL_NONCE_BYTES, type ChainCommitment } from './terms.js'

const LABEL: Uint8Array = /* @__PURE__ */ utf8('hyphae link v1\0')

/** The nonce of the channel keeps chains of different channels apart. */
function next(crypto: CryptoProvider, nonce: Uint8Array, link: Uint8Array): Uint8Array {
  return crypto.sha256(concatBytes(LABEL, nonce, link))
}

function walk(crypto: CryptoProvider, nonce: Uint8Array, link: Uint8Array, steps: number): Uint8Array {
  let at = link
  for (let i = 0; i < steps; i++) at = next(crypto, nonce, at)
  return at
}

export interface LinkPayment {
  /** How many links are paid in all with this one. */
  readonly index: number
  /** 32 bytes. */
  readonly link: Uint8Array
}

/** The payer's side of a chain. Holds the secret. */
export interface HashChain {
  readonly commitment: ChainCommitment
  /** Link that pays `index` links in all. @throws PaymentError `payment/chain-spent` */
  pay(index: number): LinkPayment
}

/** `secret` is 32 random bytes; the same secret and nonce give the same chain again. */
export function createChain(
  crypto: CryptoProvider,
  options: {
    readonly secret: Uint8Array
    readonly nonce: Uint8Array
    readonly links: number
    readonly value: bigint
  },
): HashChain {
  const { nonce, links, value } = options
  sized(options.secret, ID_BYTES, 'secret')
  sized(nonce, CHANNEL_NONCE_BYTES, 'nonce')
  if (!Number.isInteger(links) || links < 1 || links > MAX_CHAIN_LINKS)
    throw new PaymentError('payment/malformed', { details: { reason: 'bad-chain', links } })
  const checkpoints: Uint8Array[] = [options.secret.slice()]
  for (let at = CHAIN_CHECKPOINT; at <= links; at += CHAIN_CHECKPOINT)
    checkpoints.push(walk(crypto, nonce, checkpoints[checkpoints.length - 1] as Uint8Array, CHAIN_CHECKPOINT))
  const linkAt = (position: number): Uint8Array => {
    const nearest = Math.floor(position / CHAIN_CHECKPOINT)
    const start = checkpoints[nearest] as Uint8Array
    return walk(crypto, nonce, start, position - nearest * CHAIN_CHECKPOINT).slice()
  }
  return {
    commitment: { anchor: linkAt(links), links, value },
    pay: (index) => {
      if (!Number.isInteger(index) || index < 1 || index > links)
        throw new PaymentError('payment/chain-spent')
      return { index, link: linkAt(links - index) }
    },
  }
}

/** Where the payee stands: before the first payment at index 0 and the anchor. */
export interface ChainPosition {
  readonly index: number
  readonly link: Uint8Array
}

/**
 * What the link adds, after as many hashes as links are skipped, at most MAX_CHAIN_STEP.
 * @throws PaymentError `payment/backward`, `payment/over-capacity`, `payment/bad-link`
 */
export function linkAdds(
  crypto: CryptoProvider,
  payment: LinkPayment,
  position: ChainPosition,
  chain: ChainCommitment & { readonly nonce: Uint8Array },
): bigint {
  if (payment.index <= position.index) throw new PaymentError('payment/backward')
  if (payment.index > chain.links) throw new PaymentError('payment/over-capacity')
  const steps = payment.index - position.index
  if (steps > MAX_CHAIN_STEP)
    throw new PaymentError('payment/bad-link', { details: { steps, max: MAX_CHAIN_STEP } })
  if (!equalBytes(walk(crypto, chain.nonce, payment.link, steps), position.link))
    throw new PaymentError('payment/bad-link')
  return BigInt(steps) * chain.value
}
