/** Fuzz target: what a relay sends. Any bytes decode, or are refused with a typed error. */
import { isHyphaeError } from '@hyphae/core'
import { decodeReplies, encodeReplies } from '@hyphae/transport-relay/wire'

export interface FuzzTarget {
  readonly name: string
  run(input: Uint8Array): void
}

export const target: FuzzTarget = {
  name: 'transport-relay/replies',
  run: (input) => {
    let decoded: ReturnType<typeof decodeReplies>
    try {
      decoded = decodeReplies(input)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      return
    }
    const again = encodeReplies(decoded)
    if (Buffer.compare(again, input) !== 0) throw new Error('a message has a second form')
  },
}
