/** A fuzz target of this package. */
import { isHyphaeError } from '@hyphae/core'

export interface FuzzTarget {
  readonly name: string
  /** Throws nothing but HyphaeErrors, unless there is a bug. */
  run(input: Uint8Array): void
}

export function accepts(target: FuzzTarget, input: Uint8Array): boolean {
  try {
    target.run(input)
    return true
  } catch (error) {
    if (isHyphaeError(error)) return false
    throw error
  }
}
