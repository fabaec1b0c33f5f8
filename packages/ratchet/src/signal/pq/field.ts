/**
 * Arithmetic in GF(2¹⁶) modulo x¹⁶ + x¹² + x³ + x + 1 (0x1100b), in which x generates every other element.
 * Addition is exclusive or. Only public chunks are computed with, so tables do not leak anything.
 */

const POLYNOMIAL = 0x1100b
const ORDER = 0xffff

interface Tables {
  /** exp[i] = xⁱ, twice round so that a sum of two logarithms needs no reduction. */
  readonly exp: Uint16Array
  readonly log: Uint16Array
}

let made: Tables | undefined

/** 400 KB, so only for those who use them. */
function tables(): Tables {
  if (made !== undefined) return made
  const exp = new Uint16Array(2 * ORDER)
  const log = new Uint16Array(ORDER + 1)
  let value = 1
  for (let i = 0; i < ORDER; i++) {
    exp[i] = value
    exp[i + ORDER] = value
    log[value] = i
    value <<= 1
    if (value > ORDER) value ^= POLYNOMIAL
  }
  made = { exp, log }
  return made
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0
  const { exp, log } = tables()
  return exp[(log[a] as number) + (log[b] as number)] as number
}

/** `b` is not zero. */
export function divide(a: number, b: number): number {
  if (a === 0) return 0
  const { exp, log } = tables()
  return exp[(log[a] as number) + ORDER - (log[b] as number)] as number
}
