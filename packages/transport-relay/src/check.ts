/** Lengths of what a caller passes, checked before anything is sent. */
import { RelayCarrierError } from './errors.js'

/** @throws RelayCarrierError `relay-carrier/bad-input` */
export function checkLength(bytes: Uint8Array, length: number, name: string): void {
  if (bytes.length !== length)
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { name, length: bytes.length } })
}

/** @throws RelayCarrierError `relay-carrier/bad-input` unless a whole number from `least` to `most` */
export function checkNumber(value: number, least: number, most: number, name: string): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RelayCarrierError('relay-carrier/bad-input', { details: { name, value } })
}
