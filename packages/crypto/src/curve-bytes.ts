/** Constants of Curve25519 as the bytes that stand on the wire. */

/** Of digits known to be good, so that no error text comes along. */
export function hexConstant(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
