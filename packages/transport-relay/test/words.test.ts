import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { capabilityTicket, sequencerSeed, workTicket } from '@hyphae/transport-relay'
import {
  bucketHint,
  bucketOf,
  capabilityStatement,
  checkWork,
  decodeReplies,
  describeFields,
  encodeReplies,
  FIRST_DESCRIPTION,
  hasLeadingZeros,
  readCapability,
  readDescription,
  readWork,
  ticketKinds,
  ticketSet,
} from '@hyphae/transport-relay/wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const { sha256 } = crypto
const malformed = expect.objectContaining({ code: 'relay-carrier/malformed' })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

describe('a bucket', () => {
  it('is the first bits of a box id, most significant first', () => {
    const box = Uint8Array.of(0b1010_1100, 0xff, 0x01, ...new Uint8Array(29))
    expect(bucketOf(box, 0)).toEqual({ bits: 0, prefix: 0 })
    expect(bucketOf(box, 3)).toEqual({ bits: 3, prefix: 0b101 })
    expect(bucketOf(box, 8)).toEqual({ bits: 8, prefix: 0b1010_1100 })
    expect(bucketOf(box, 24)).toEqual({ bits: 24, prefix: 0xacff01 })
  })

  it('holds the smaller buckets whole', () => {
    fc.assert(
      fc.property(bytes(32), fc.integer({ min: 1, max: 24 }), (box, bits) => {
        expect(bucketOf(box, bits - 1).prefix).toBe(Math.floor(bucketOf(box, bits).prefix / 2))
      }),
    )
  })

  it('has a hint that names the box to none but those who know it', () => {
    const [a, b] = [crypto.randomBytes(32), crypto.randomBytes(32)]
    expect(bucketHint(a, 5, sha256)).toEqual(bucketHint(a, 5, sha256))
    expect(bucketHint(a, 5, sha256)).not.toEqual(bucketHint(a, 6, sha256))
    expect(bucketHint(a, 5, sha256)).not.toEqual(bucketHint(b, 5, sha256))
  })
})

describe('a work ticket', () => {
  it('begins with as many zeros as were asked for', () => {
    fc.assert(
      fc.property(bytes(32), fc.integer({ min: 0, max: 255 }), (hash, bits) => {
        const zeros = Array.from(hash, (byte) => byte.toString(2).padStart(8, '0'))
          .join('')
          .indexOf('1')
        expect(hasLeadingZeros(hash, bits)).toBe(zeros === -1 || zeros >= bits)
      }),
    )
    expect(hasLeadingZeros(new Uint8Array(32), 256)).toBe(true)
    expect(hasLeadingZeros(new Uint8Array(32), 257)).toBe(false)
  })

  it('is good for its own frame alone', async () => {
    const subject = {
      box: crypto.randomBytes(32),
      id: crypto.randomBytes(16),
      frame: crypto.randomBytes(512),
    }
    const { bytes: ticket } = await workTicket(subject, { bits: 10, sha256, clock: systemClock })
    const work = readWork(ticket)
    expect(checkWork(subject, work, 10, sha256)).toBe(true)
    const others = Array.from({ length: 20 }, () => ({ ...subject, id: crypto.randomBytes(16) }))
    expect(others.every((other) => checkWork(other, work, 10, sha256))).toBe(false)
  })
})

describe('a capability', () => {
  it('comes back as it was signed, over the box it is for', () => {
    const key = crypto.ed25519.generate()
    const box = crypto.randomBytes(32)
    const grant = { expires: 1_900_000_000_123, uses: 7, serial: crypto.randomBytes(16) }
    const ticket = capabilityTicket(box, grant, (message) => crypto.ed25519.sign(key, message))
    const { signature, ...read } = readCapability(ticket.bytes)
    expect(read).toEqual(grant)
    expect(crypto.ed25519.verify(key.publicKey, capabilityStatement(box, grant), signature)).toBe(true)
    expect(crypto.ed25519.verify(key.publicKey, capabilityStatement(key.publicKey, grant), signature)).toBe(
      false,
    )
  })

  it('hostile 2: of any other length is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
        if (input.length !== 92) expect(() => readCapability(input)).toThrow(malformed)
        if (input.length !== 12) expect(() => readWork(input)).toThrow(malformed)
      }),
    )
  })
})

describe('a description', () => {
  const description = { ...FIRST_DESCRIPTION, ttl: [1, 30], tickets: ['none', 'work'] as const, workBits: 18 }

  it('comes back as it went', () => {
    const fields = describeFields(description)
    const message = encodeReplies([{ kind: 'description', request: 1, fields }])
    const [reply] = decodeReplies(message)
    if (reply?.kind !== 'description') throw new Error('not a description')
    expect(readDescription(reply.fields)).toEqual(description)
  })

  it('is read past fields of a later version, and takes what is missing as not offered', () => {
    const fields = [...describeFields(description), { key: 200, value: crypto.randomBytes(30) }]
    expect(readDescription(fields)).toEqual(description)
    expect(readDescription([])).toMatchObject({ ttl: [], tickets: [], requests: [], bucketBits: 0 })
  })

  it('hostile 1: with a number of another length is refused', () => {
    expect(() => readDescription([{ key: 17, value: new Uint8Array(3) }])).toThrow(malformed)
    expect(() => readDescription([{ key: 17, value: new Uint8Array(5) }])).toThrow(malformed)
  })
})

it('sets of tickets are those kinds and no other', () => {
  fc.assert(
    fc.property(fc.subarray(['none', 'capability', 'token', 'work', 'payment'] as const), (kinds) => {
      expect(ticketKinds(ticketSet(kinds))).toEqual(kinds)
    }),
  )
})

it('the log of an epoch has another key for each group, epoch and secret', () => {
  const secret = crypto.randomBytes(32)
  const none = new Uint8Array(0)
  const seeds = [
    sequencerSeed('ab', 'c', none, sha256),
    sequencerSeed('a', 'bc', none, sha256),
    sequencerSeed('ab', 'd', none, sha256),
    sequencerSeed('ab', 'c', secret, sha256),
  ]
  expect(new Set(seeds.map((seed) => Buffer.from(seed).toString('hex'))).size).toBe(4)
})
