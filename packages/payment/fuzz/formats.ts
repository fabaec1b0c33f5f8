/**
 * Fuzz target: everything of payment that comes from a peer. The first byte says which format the rest is of; it
 * decodes to what encodes to the same bytes, or is refused with a typed error.
 */
import { isHyphaeError } from '@hyphae/core'
import {
  decodeLink,
  decodeOffer,
  decodeOpening,
  decodeOrder,
  decodePaymentTicket,
  decodeStatement,
  decodeVoucher,
  encodeLink,
  encodeOffer,
  encodeOpening,
  encodeOrder,
  encodePaymentTicket,
  encodeStatement,
  encodeVoucher,
} from '@hyphae/payment'

export interface FuzzTarget {
  readonly name: string
  run(input: Uint8Array): void
}

const FORMATS: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
  (bytes) => encodeOpening(decodeOpening(bytes)),
  (bytes) => encodeVoucher(decodeVoucher(bytes)),
  (bytes) => encodeOrder(decodeOrder(bytes)),
  (bytes) => encodeStatement(decodeStatement(bytes)),
  (bytes) => encodeOffer(decodeOffer(bytes)),
  (bytes) => encodePaymentTicket(decodePaymentTicket(bytes)),
  (bytes) => {
    const { channel, payment } = decodeLink(bytes)
    return encodeLink(channel, payment)
  },
]

export const target: FuzzTarget = {
  name: 'payment/formats',
  run: (input) => {
    const format = FORMATS[(input[0] ?? 0) % FORMATS.length]
    const bytes = input.slice(1)
    let again: Uint8Array | undefined
    try {
      again = format?.(bytes)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      return
    }
    if (again === undefined || Buffer.compare(again, bytes) !== 0)
      throw new Error('a format has a second form')
  },
}
