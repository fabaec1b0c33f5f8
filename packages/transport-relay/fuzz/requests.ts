/** Fuzz target: what a client sends. Any bytes decode, or are refused with a typed error. */
import { isHyphaeError } from '@hyphae/core'
import { decodeRequests, encodeRequests, type Request } from '@hyphae/transport-relay/wire'

export interface FuzzTarget {
  readonly name: string
  run(input: Uint8Array): void
}

export const target: FuzzTarget = {
  name: 'transport-relay/requests',
  run: (input) => {
    let decoded: ReturnType<typeof decodeRequests>
    try {
      decoded = decodeRequests(input)
    } catch (error) {
      if (!isHyphaeError(error)) throw error
      return
    }
    if (decoded.some(({ kind }) => kind === 'unknown')) return
    const again = encodeRequests(decoded as Request[])
    if (Buffer.compare(again, input) !== 0) throw new Error('a message has a second form')
  },
}
