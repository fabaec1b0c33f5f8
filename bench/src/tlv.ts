// Area `tlv`: encoding and decoding one message, ours against five peers, and walking a block of frames.
//
// Lazy decode means: find the message in its bytes, check what the format checks, and take from it both numbers, the
// payload's length and the first byte of each byte field. Formats that build an object do so first; accessors read
// in place. "All" takes every byte of every field besides. The ratio counted is the lowest of the three payload
// sizes, against whichever peer is fastest at that size.
import { isDeepStrictEqual } from 'node:util'
import { consume, measure, type Report, round, runArea, table, versusBest } from './harness.ts'
import type { Codec } from './tlv/codec.ts'
import { frameWalk } from './tlv/frames.ts'
import { type Message, messages } from './tlv/message.ts'
import { OBJECT_CODECS } from './tlv/object-codecs.ts'

const PAYLOADS = [56, 440, 1976] as const

/**
 * Each codec is loaded anew for each payload size: the engine keeps what it learns by module instance, and what it
 * learned from one size, or one peer's objects, would slow another.
 */
async function codecsFor(sample: readonly Message[], size: number): Promise<Codec[]> {
  const { hyphae } = (await import(`./tlv/hyphae.ts?${size}`)) as typeof import('./tlv/hyphae.ts')
  const { flatbuffers } = (await import(
    `./tlv/flatbuffers.ts?${size}`
  )) as typeof import('./tlv/flatbuffers.ts')
  const codecs: Codec[] = [hyphae(sample), flatbuffers(sample)]
  for (const [name, create] of Object.entries(OBJECT_CODECS)) {
    const { bind } = (await import(
      `./tlv/loops.ts?${size}-${encodeURIComponent(name)}`
    )) as typeof import('./tlv/loops.ts')
    codecs.push(bind(name, sample, create()))
  }
  return codecs
}

/** Every codec must give back what it was given, and all must see the same in it. */
function check(codecs: readonly Codec[], sample: readonly Message[]): void {
  for (const codec of codecs) {
    sample.forEach((message, i) => {
      const { sender, recipient, sentAt, sequence, payload } = codec.roundTrip(i)
      const plain = {
        sender: new Uint8Array(sender),
        recipient: new Uint8Array(recipient),
        sentAt,
        sequence,
        payload: new Uint8Array(payload),
      }
      if (!isDeepStrictEqual(plain, message))
        throw new Error(`${codec.name} does not round-trip message ${i}`)
    })
  }
  const [ours] = codecs as [Codec]
  for (const codec of codecs) {
    const same = codec.decode(sample.length) === ours.decode(sample.length)
    const sameAll = codec.decodeAll(sample.length) === ours.decodeAll(sample.length)
    if (!same || !sameAll) throw new Error(`${codec.name} reads other values than ${ours.name}`)
  }
}

type Operation = 'encode' | 'decode' | 'decodeAll'

function timesOf(codecs: readonly Codec[], operation: Operation): Map<string, number> {
  return measure(codecs.map((codec) => ({ name: codec.name, batch: (n) => codec[operation](n) })))
}

/** Millions of frames a second, median. */
function walkFrames(): number {
  const { frames, candidate } = frameWalk()
  const perWalk = measure([candidate]).get(candidate.name) as number
  return (frames / perWalk) * 1000
}

async function tlv(print: (text: string) => void): Promise<Report> {
  const figures: Record<string, number> = {}
  const ratios: Record<string, number> = {}
  const titles: Record<Operation, string> = {
    encode: 'encode, ns',
    decode: 'decode lazily, ns',
    decodeAll: 'decode and read all, ns',
  }
  const bySize = new Map<number, Codec[]>()
  for (const size of PAYLOADS) {
    const sample = messages(size)
    const codecs = await codecsFor(sample, size)
    check(codecs, sample)
    bySize.set(size, codecs)
  }
  for (const operation of ['encode', 'decode', 'decodeAll'] as const) {
    const groups = new Map<string, Map<string, number>>()
    let lowest = Number.POSITIVE_INFINITY
    for (const [size, codecs] of bySize) {
      const times = timesOf(codecs, operation)
      const { peer, ratio } = versusBest(times, 'hyphae')
      groups.set(`${size} B`, times)
      figures[`${operation}${size}Ns`] = round(times.get('hyphae') as number)
      figures[`${operation}${size}BestPeerNs`] = round(times.get(peer) as number)
      ratios[`${operation}${size}VsBestPeer`] = round(ratio)
      lowest = Math.min(lowest, ratio)
    }
    ratios[`${operation}VsBestPeer`] = round(lowest)
    print(`${table(titles[operation], groups)}lowest ratio to the best peer: ${lowest.toFixed(2)}\n\n`)
  }
  figures.framesPerSecondMillions = round(walkFrames())
  print(`cursor over 64 MB of 128-byte frames: ${figures.framesPerSecondMillions} million a second\n`)
  consume(0)
  return { area: 'tlv', figures, ratios }
}

await runArea(tlv)
