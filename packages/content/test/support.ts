/** What several tests share. */
import { HyphaeError, type MessageId, messageId } from '@hyphae/core'
import { createRegistry, type Registry } from '../src/index.js'

export const registry: Registry = createRegistry()

/** The id that consists of one byte repeated. */
export function id(byte: number): MessageId {
  return messageId(new Uint8Array(16).fill(byte))
}

/** The code of the Hyphae error that `work` throws; any other exception is passed on, and fails the test. */
export function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof HyphaeError) return error.code
    throw error
  }
  return 'no error'
}
