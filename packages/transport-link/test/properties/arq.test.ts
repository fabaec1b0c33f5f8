import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RADIO_PACE, UDP_PACE } from '../../src/arq/pace.js'
import { decodePacket, encodePacket, type Packet } from '../../src/arq/packet.js'
import { createKissReader, kissFrame } from '../../src/kiss.js'
import { MAX_KISS_BYTES } from '../../src/limits.js'
import { type Fate, network } from '../support/datagrams.js'
import { seeded } from '../support/seeded.js'

const u32 = fc.nat({ max: 0xffff_ffff })
const some = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const report = fc.record({ next: u32, seen: u32, room: fc.nat({ max: 0xffff }) })
const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.record({ kind: fc.constantFrom('hello' as const, 'close' as const), id: u32 }),
  fc.record({ kind: fc.constantFrom('cookie' as const, 'open' as const), id: u32, cookie: some(8, 8) }),
  fc.record({ kind: fc.constant('ack' as const), id: u32, report }),
  fc.record({ kind: fc.constant('data' as const), id: u32, report, seq: u32, bytes: some(1, 1_181) }),
)

/** One in seven lost, one in ten doubled, many overtaken. */
function unsteady(random: () => number): Fate {
  const delay = (): number => Math.floor(random() * (random() < 0.1 ? 200 : 40))
  return () => {
    const kind = random()
    if (kind < 0.14) return []
    return kind < 0.24 ? [delay(), delay()] : [delay()]
  }
}

describe('streams over datagrams', () => {
  it('D1: bytes come whole, in order and once, whatever is lost, doubled and overtaken', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.nat(), lengths, lengths, fc.boolean(), async (seed, there, back, radio) => {
        const net = network(unsteady(seeded(seed)), radio ? RADIO_PACE : UDP_PACE)
        const near = net.dial()
        const expected = { there: [] as number[], back: [] as number[] }
        for (const [index, length] of there.entries()) {
          const part = new Uint8Array(length).fill(index)
          expected.there.push(...part)
          near.socket.write(part)
        }
        await net.time.run(600_000, () => net.accepted.length > 0)
        const far = net.accepted[0]
        for (const [index, length] of back.entries()) {
          const part = new Uint8Array(length).fill(100 + index)
          expected.back.push(...part)
          far?.socket.write(part)
        }
        const arrived = (): boolean =>
          far?.received.length === expected.there.length && near.received.length === expected.back.length
        await net.time.run(3_600_000, arrived)
        expect(net.accepted.length).toBe(1)
        expect(far?.received).toEqual(expected.there)
        expect(near.received).toEqual(expected.back)
      }),
      { numRuns: 60 },
    )
  })

  it('packets are read as they were written', () => {
    fc.assert(fc.property(packet, (one) => void expect(decodePacket(encodePacket(one))).toEqual(one)))
  })

  it('hostile 1: any bytes are a packet or nothing, and a packet cut or longer by a byte is nothing', () => {
    fc.assert(fc.property(some(0, 64), (bytes) => void decodePacket(bytes)))
    fc.assert(
      fc.property(packet, (one) => {
        const bytes = encodePacket(one)
        if (one.kind === 'data') expect(decodePacket(bytes.subarray(0, 19))).toBeNull()
        else {
          expect(decodePacket(bytes.subarray(1 - bytes.length))).not.toEqual(one)
          expect(decodePacket(bytes.subarray(0, bytes.length - 1))).toBeNull()
          expect(decodePacket(Uint8Array.from([...bytes, 0]))).toBeNull()
        }
      }),
    )
  })
})

describe('KISS frames', () => {
  it('K1: are read as they were written, however the bytes arrive', () => {
    const datagrams = fc.array(some(1, 255), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(datagrams, fc.integer({ min: 1, max: 40 }), (all, step) => {
        const stream = Uint8Array.from(all.flatMap((one) => [...kissFrame(one)]))
        const reader = createKissReader()
        const got: Uint8Array[] = []
        for (let at = 0; at < stream.length; at += step)
          got.push(...reader.push(stream.subarray(at, at + step)))
        expect(got).toEqual(all)
      }),
    )
  })

  it('K2: after any noise the second frame is read, and at most the limit is held', () => {
    fc.assert(
      fc.property(some(0, 500), some(1, 255), (noise, datagram) => {
        const reader = createKissReader()
        reader.push(noise)
        reader.push(kissFrame(datagram))
        expect(reader.push(kissFrame(datagram))).toEqual([datagram])
      }),
    )
    const reader = createKissReader()
    expect(reader.push(kissFrame(new Uint8Array(MAX_KISS_BYTES + 1)))).toEqual([])
    expect(reader.push(kissFrame(new Uint8Array(MAX_KISS_BYTES)))).toHaveLength(1)
  })

  it('K3: commands to the modem, empty frames and wrong escapes are not heard', () => {
    const reader = createKissReader()
    for (const frame of [
      [0xc0, 0xc0, 0xc0],
      [0xc0, 0x01, 0x50, 0xc0],
      [0xc0, 0xff, 0xc0],
      [0xc0, 0x00, 0xdb, 0x01, 0xc0],
      [0xc0, 0x00, 0x01, 0xdb, 0xc0],
    ])
      expect(reader.push(Uint8Array.from(frame))).toEqual([])
    expect(reader.push(Uint8Array.of(0xc0, 0x00, 0x07, 0xc0))).toEqual([Uint8Array.of(7)])
  })
})
