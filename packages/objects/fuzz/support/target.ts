/** What every fuzz target of this package is: a decoder over any bytes. */
import { HyphaeError } from '@hyphae/core'

export interface FuzzTarget {
  readonly name: string
  /** Throws nothing but HyphaeErrors, unless there is a bug. */
  run(input: Uint8Array): void
}

/** True when `run` accepts the input, false when it refuses it as it should. */
export function accepts(target: FuzzTarget, input: Uint8Array): boolean {
  try {
    target.run(input)
    return true
  } catch (error) {
    if (error instanceof HyphaeError) return false
    throw error
  }
}
