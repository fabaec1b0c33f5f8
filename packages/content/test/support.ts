/** What several tests share. */
import { concatBytes, HyphaeError, idBytes, type MessageId, messageId } from '@hyphae/core'
import { createRegistry, encodeValue, type Registry } from '../src/index.js'

export const registry: Registry = createRegistry()

/** The id that consists of one byte repeated. */
export function id(byte: number): MessageId {
  return messageId(new Uint8Array(16).fill(byte))
}

/** Head of an envelope: time 0 and these ids, unchecked. */
export function head(...ids: readonly MessageId[]): Uint8Array {
  return concatBytes(new Uint8Array(6), ...ids.map(idBytes))
}

/** An envelope of any three parts, unchecked. */
export function envelope(type: unknown, headBytes: Uint8Array, body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x93), encodeValue(type), encodeValue(headBytes), body)
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
