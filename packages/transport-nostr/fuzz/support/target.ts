/** A fuzz target of this package. */
import { isHyphaeError } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { conversationKeys, createNostr, importNostrKey } from '../../src/index.js'

export interface FuzzTarget {
  readonly name: string
  /** Throws nothing but HyphaeErrors, unless there is a bug. */
  run(input: Uint8Array): void
}

export const nostr = createNostr(defaultCrypto)
export const keys = conversationKeys(nostr)
export const author = importNostrKey(nostr, new Uint8Array(32).fill(7))
export const reader = importNostrKey(nostr, new Uint8Array(32).fill(9))
/** Seconds since 1970. */
export const NOW = 1_800_000_000

export function accepts(target: FuzzTarget, input: Uint8Array): boolean {
  try {
    target.run(input)
    return true
  } catch (error) {
    if (isHyphaeError(error)) return false
    throw error
  }
}
