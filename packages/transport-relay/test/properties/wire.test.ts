import { isHyphaeError } from '@hyphae/core'
import {
  decodeReplies,
  decodeRequests,
  encodeReplies,
  encodeRequests,
  MESSAGE_HEADER_BYTES,
  type Reply,
  type Request,
  replyBytes,
  requestBytes,
} from '@hyphae/transport-relay/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replies, requests } from '../support/operations.js'

interface Side {
  readonly name: string
  readonly any: fc.Arbitrary<(Request | Reply)[]>
  encode(operations: never): Uint8Array
  decode(bytes: Uint8Array): unknown[]
  length(operation: never): number
}

const sides: Side[] = [
  { name: 'requests', any: requests, encode: encodeRequests, decode: decodeRequests, length: requestBytes },
  { name: 'replies', any: replies, encode: encodeReplies, decode: decodeReplies, length: replyBytes },
]

function typedOrDecoded(decode: () => unknown[]): unknown[] | undefined {
  try {
    return decode()
  } catch (error) {
    if (!isHyphaeError(error, 'relay-carrier/malformed')) throw error
    return undefined
  }
}

describe.each(sides)('$name', ({ any, encode, decode, length }) => {
  it('come back as they went, in as many bytes as was said', () => {
    fc.assert(
      fc.property(any, (operations) => {
        const message = encode(operations as never)
        expect(decode(message)).toEqual(operations)
        const sum = operations.reduce((total, operation) => total + length(operation as never), 0)
        expect(message.length).toBe(MESSAGE_HEADER_BYTES + sum)
      }),
    )
  })

  it('hostile 1: every prefix and every trailing byte is refused with a typed error', () => {
    fc.assert(
      fc.property(any, (operations) => {
        const message = encode(operations as never)
        const step = Math.max(1, Math.floor(message.length / 200))
        for (let cut = 0; cut < message.length; cut += step)
          expect(typedOrDecoded(() => decode(message.subarray(0, cut)))).toBeUndefined()
        const longer = new Uint8Array(message.length + 1)
        longer.set(message)
        expect(typedOrDecoded(() => decode(longer))).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  it('hostile 1: a flipped bit gives a typed error, or another message in its only form', () => {
    fc.assert(
      fc.property(any, fc.nat(), fc.integer({ min: 0, max: 7 }), (operations, at, bit) => {
        const message = encode(operations as never)
        const place = at % message.length
        message[place] = (message[place] as number) ^ (1 << bit)
        const decoded = typedOrDecoded(() => decode(message))
        const unknown = decoded?.some((operation) => (operation as { kind: string }).kind === 'unknown')
        if (decoded !== undefined && !unknown) expect(encode(decoded as never)).toEqual(message)
      }),
      { numRuns: 500 },
    )
  })

  it('hostile 1: random bytes give nothing but typed errors', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        typedOrDecoded(() => decode(bytes))
        typedOrDecoded(() => decode(Uint8Array.of(1, 1, 0, 0, ...bytes)))
      }),
      { numRuns: 1000 },
    )
  })

  it('hostile 7: operations mean the same alone as in a batch', () => {
    fc.assert(
      fc.property(any, (operations) => {
        const alone = operations.flatMap((operation) => decode(encode([operation] as never)))
        expect(alone).toEqual(decode(encode(operations as never)))
      }),
    )
  })
})
