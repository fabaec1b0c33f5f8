/** Relays that are read by their buckets, for tests: what waits in them is a list, and what they are asked is noted. */
import {
  type BucketFrame,
  type BucketMailbox,
  type Clock,
  equalBytes,
  systemClock,
  type Transport,
  toHex,
} from '@hyphae/core'
import { memoryNetwork } from '../src/index.js'

interface Stored {
  readonly cursor: number
  readonly box: Uint8Array
  readonly frame: Uint8Array
}

export interface CrowdNetwork {
  transport(): Transport
  /** Everything that was put, in order. */
  readonly stored: readonly Stored[]
  /** Every fetch: bits, prefix, after. */
  readonly fetches: readonly { readonly bits: number; readonly prefix: number; readonly after: number }[]
  bits: number
  /** What a relay does whose disk was lost: it has nothing, and counts from the beginning. */
  forget(): void
}

/** Two hops as far as its carriers say, records and stocks of a memory network, and buckets of `bits` bits, it says. */
export function crowdNetwork(bits: number): CrowdNetwork {
  const net = memoryNetwork()
  const stored: Stored[] = []
  const fetches: CrowdNetwork['fetches'][number][] = []
  const ids = new Set<string>()
  const prefixOf = (box: Uint8Array, count: number): number =>
    count === 0 ? 0 : (((box[0] as number) << 8) | (box[1] as number)) >>> (16 - count)
  const buckets: BucketMailbox = {
    bits: async () => self.bits,
    fetch: async (bucket, { after = 0, limit = 100 } = {}) => {
      fetches.push({ ...bucket, after })
      const behind = stored.filter(
        ({ cursor, box }) => cursor > after && prefixOf(box, bucket.bits) === bucket.prefix,
      )
      const frames = behind.slice(0, limit)
      const more = behind.length > frames.length
      return {
        more,
        next: frames.at(-1)?.cursor ?? after,
        frames: frames.map(
          ({ cursor, box, frame }): BucketFrame => ({ cursor, hint: box.slice(0, 8), frame }),
        ),
      }
    },
    isFor: (box, { hint }) => equalBytes(box.slice(0, 8), hint),
  }
  const self: CrowdNetwork = {
    stored,
    fetches,
    bits,
    forget: () => {
      stored.length = 0
    },
    transport: () => async (components) => {
      const carrier = await net()({ ...components, clock: systemClock })
      return {
        ...carrier,
        traits: { ...carrier.traits, privacy: 'two-hop' },
        mailbox: {
          put: async (items) => {
            for (const { box, id, frame } of items) {
              if (ids.has(toHex(id))) continue
              ids.add(toHex(id))
              stored.push({ cursor: stored.length + 1, box: box.slice(), frame: frame.slice() })
            }
          },
          fetch: async () => {
            throw new Error('a strict node reads no box by its name')
          },
          watch: () => {
            throw new Error('a strict node watches no box')
          },
        },
        buckets,
      }
    },
  }
  return self
}

/** Time that goes by so many times faster. */
export function fastClock(times: number, aheadMs = 0): Clock & { forward(ms: number): void } {
  const start = systemClock.now()
  let ahead = aheadMs
  return {
    now: () => Math.round(start + (systemClock.now() - start) * times + ahead),
    sleep: (ms, signal, background) => systemClock.sleep(ms / times, signal, background),
    forward: (ms) => {
      ahead += ms
    },
  }
}
