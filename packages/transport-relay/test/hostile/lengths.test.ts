import { isHyphaeError } from '@hyphae/core'
import {
  decodeReplies,
  decodeRequests,
  encodeReplies,
  encodeRequests,
  FAILURES,
  failureName,
  MAX_MESSAGE_BYTES,
  MAX_OPERATIONS,
} from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'

const MIB = 1024 * 1024

function refusal(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (isHyphaeError(error)) return error.code
  }
  throw new Error('not refused with a typed error')
}

/** One operation whose header claims `length` bytes of body. */
function claiming(code: number, length: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const header = [1, 1, 0, 0, code, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff, 1, 0, 0, 0]
  return Uint8Array.from([...header, ...body])
}

function heapGrowth(work: () => void): number {
  const before = process.memoryUsage()
  work()
  const after = process.memoryUsage()
  return after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
}

describe('hostile 2: lengths and counts are refused before anything is allocated', () => {
  const requests: Uint8Array[] = []
  for (let code = 0; code < 64; code++) requests.push(claiming(code, 0xff_ffff))
  const manyItems = new Uint8Array(200)
  manyItems[0] = 1
  // Count of a stock upload: 65,535 items that are not there.
  manyItems.fill(0xff, 43, 45)
  requests.push(claiming(10, 200, manyItems), Uint8Array.of(1, 0xff, 0xff, 0), Uint8Array.of(1, 0, 4, 0))

  it('in requests', () => {
    const grown = heapGrowth(() => {
      for (const message of requests)
        expect(refusal(() => decodeRequests(message))).toBe('relay-carrier/malformed')
    })
    expect(grown).toBeLessThan(MIB)
  })

  it('in answers', () => {
    const hostile = [claiming(132, 3, Uint8Array.of(0, 0xff, 0xff)), claiming(133, 1, Uint8Array.of(9))]
    // Counts of frames, entries and fields that are not there.
    hostile.push(claiming(139, 11, new Uint8Array(11).fill(0xff, 9)))
    hostile.push(claiming(143, 18, new Uint8Array(18).fill(0xff, 16)))
    hostile.push(claiming(145, 1, Uint8Array.of(0xff)))
    for (let code = 128; code < 180; code++) hostile.push(claiming(code, 0xff_ffff))
    const grown = heapGrowth(() => {
      for (const message of hostile)
        expect(refusal(() => decodeReplies(message))).toBe('relay-carrier/malformed')
    })
    expect(grown).toBeLessThan(MIB)
  })

  it('in tickets, buckets and logs', () => {
    const put = [...new Uint8Array(48), 30]
    const prefix = (bits: number, value: number): number[] => [bits, value & 0xff, (value >> 8) & 0xff, 0, 0]
    const wrong = [
      claiming(17, 52, Uint8Array.from([...put, 1, 0xff, 0xff])),
      claiming(17, 52, Uint8Array.from([...put, 9, 0, 0])),
      claiming(17, 181, Uint8Array.from([...put, 0, 1, 0, ...new Uint8Array(129)])),
      claiming(17, 180, Uint8Array.from([...new Uint8Array(48), 2, 0, 0, 0, ...new Uint8Array(128)])),
      claiming(20, 15, Uint8Array.from([...prefix(25, 0), ...new Uint8Array(8), 1, 0])),
      claiming(20, 15, Uint8Array.from([...prefix(8, 256), ...new Uint8Array(8), 1, 0])),
      claiming(20, 15, Uint8Array.from([...prefix(0, 1), ...new Uint8Array(8), 1, 0])),
      claiming(20, 15, Uint8Array.from([...prefix(8, 0), ...new Uint8Array(8), 0, 0])),
      claiming(22, 41, Uint8Array.from([...new Uint8Array(40), 30])),
      claiming(22, 65_578, Uint8Array.from([...new Uint8Array(40), 30, ...new Uint8Array(65_537)])),
    ]
    for (const message of wrong)
      expect(refusal(() => decodeRequests(message))).toBe('relay-carrier/malformed')
  })

  it('a message longer than the limit is refused unread', () => {
    const message = new Uint8Array(MAX_MESSAGE_BYTES + 1)
    message.set([1, 1, 0, 0])
    expect(refusal(() => decodeRequests(message))).toBe('relay-carrier/malformed')
    expect(refusal(() => decodeReplies(message))).toBe('relay-carrier/malformed')
  })

  it('the encoder does not make what the decoder refuses', () => {
    const ping = { kind: 'ping', request: 1 } as const
    expect(refusal(() => encodeRequests([]))).toBe('relay-carrier/malformed')
    expect(refusal(() => encodeRequests(new Array(MAX_OPERATIONS + 1).fill(ping)))).toBe(
      'relay-carrier/malformed',
    )
    expect(decodeRequests(encodeRequests(new Array(MAX_OPERATIONS).fill(ping)))).toHaveLength(MAX_OPERATIONS)
    const frame = new Uint8Array(4096)
    const put = { kind: 'put', request: 1, box: new Uint8Array(32), id: new Uint8Array(16), frame } as const
    expect(refusal(() => encodeRequests(new Array(600).fill(put)))).toBe('relay-carrier/malformed')
  })
})

describe('the envelope', () => {
  const ping = encodeRequests([{ kind: 'ping', request: 7 }])
  const changed = (at: number, value: number): Uint8Array => {
    const message = ping.slice()
    message[at] = value
    return message
  }

  it('has one version, no reserved bits, no empty batch and no request 0', () => {
    expect(decodeRequests(ping)).toEqual([{ kind: 'ping', request: 7 }])
    for (const message of [changed(0, 0), changed(0, 2), changed(3, 1), changed(1, 0), changed(8, 0)])
      expect(refusal(() => decodeRequests(message))).toBe('relay-carrier/malformed')
  })

  it('gives the relay an unknown request to refuse, and the client no unknown answer', () => {
    const later = claiming(99, 3, Uint8Array.of(1, 2, 3))
    expect(decodeRequests(later)).toEqual([{ kind: 'unknown', request: 1, code: 99 }])
    expect(refusal(() => decodeReplies(later))).toBe('relay-carrier/malformed')
  })

  it('refuses cursors and sequences that a number does not hold', () => {
    const body = new Uint8Array(40).fill(0xff)
    expect(refusal(() => decodeRequests(claiming(4, 40, body)))).toBe('relay-carrier/malformed')
  })

  it('names each failure once', () => {
    for (const [name, code] of Object.entries(FAILURES)) expect(failureName(code)).toBe(name)
    expect(failureName(999)).toBeUndefined()
    const failure = { kind: 'failure', request: 0, code: 999, retryAfterMs: 5 } as const
    expect(decodeReplies(encodeReplies([failure]))).toEqual([failure])
  })
})
