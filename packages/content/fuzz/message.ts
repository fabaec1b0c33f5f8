/**
 * Fuzz target: any bytes as a message. What is accepted must be written back as it came; what is not must be
 * refused with a typed error.
 */
import { equalBytes, HyphaeError } from '@hyphae/core'
import { createRegistry, decodeMessage, encodeMessage } from '../src/index.js'

const registry = createRegistry()

export interface FuzzTarget {
  readonly name: string
  /** Throws nothing but HyphaeErrors, unless there is a bug. */
  run(input: Uint8Array): void
}

export const target: FuzzTarget = {
  name: 'message',
  run(input) {
    const message = decodeMessage(registry, input)
    if (!equalBytes(encodeMessage(registry, message), input)) throw new Error('accepted a second encoding')
  },
}

/** True when `run` accepts the input, false when it refuses it as it should. */
export function accepts(fuzzTarget: FuzzTarget, input: Uint8Array): boolean {
  try {
    fuzzTarget.run(input)
    return true
  } catch (error) {
    if (error instanceof HyphaeError) return false
    throw error
  }
}
