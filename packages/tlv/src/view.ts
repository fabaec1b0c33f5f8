/** Views and zero checks that every decoder here shares. */

/** `bytes[start..end)` without a copy. Always a plain Uint8Array, also when a Node Buffer came in. */
export function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
}

export function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  let bits = 0
  for (let i = start; i < end; i++) bits |= bytes[i] as number
  return bits === 0
}
