/**
 * The field of 256 elements, polynomial x⁸ + x⁴ + x³ + x² + 1 (spec/session.md, "Erasure code"). Its tables are
 * indexed by what is coded here, which is public: no secret passes through.
 */
const POLYNOMIAL = 0x11d
const ORDER = 255

/** Powers of x, twice over, so that a sum of two logarithms needs no reduction. */
const POWERS: Uint8Array = new Uint8Array(2 * ORDER)
const LOGARITHMS: Uint8Array = new Uint8Array(256)

for (let i = 0, power = 1; i < ORDER; i++) {
  POWERS[i] = power
  POWERS[i + ORDER] = power
  LOGARITHMS[power] = i
  power <<= 1
  if (power > 0xff) power ^= POLYNOMIAL
}

export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0
  return POWERS[(LOGARITHMS[a] as number) + (LOGARITHMS[b] as number)] as number
}

/** `b` must not be 0. */
export function divide(a: number, b: number): number {
  if (a === 0) return 0
  return POWERS[(LOGARITHMS[a] as number) + ORDER - (LOGARITHMS[b] as number)] as number
}

/** target ← target + factor · source, for `length` bytes of `source` from `at`. */
export function addMultiple(
  target: Uint8Array,
  source: Uint8Array,
  at: number,
  length: number,
  factor: number,
): void {
  if (factor === 0) return
  const shift = LOGARITHMS[factor] as number
  for (let i = 0; i < length; i++) {
    const value = source[at + i] as number
    if (value !== 0) {
      target[i] = (target[i] as number) ^ (POWERS[(LOGARITHMS[value] as number) + shift] as number)
    }
  }
}
