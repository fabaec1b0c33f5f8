/** A wire in this process: links between names, that tests cut, hold and read. */
import type { Carrier, Transport } from '@hyphae/core'

interface Heard {
  readonly peer: string
  readonly frame: Uint8Array
}

interface End {
  readonly waiting: Heard[]
  wake(): void
}

export interface TestWire {
  /** Whether frames go from one to the other; they are lost, or refused where `refuses` is set. */
  connected: (from: string, to: string) => boolean
  refuses: boolean
  readonly sizes: number[]
  /** A carrier with a link and nothing else, that knows these peers. */
  transport(name: string, peers: readonly string[], more?: Partial<Carrier>): Transport
}

export const linkTraits: Carrier['traits'] = {
  mtu: 4096,
  bandwidthBps: 1_000_000_000,
  latencyMs: 0,
  reliable: false,
  ordered: true,
  metered: false,
  privacy: 'direct',
}

export function testWire(): TestWire {
  const ends = new Map<string, End>()
  const self: TestWire = {
    connected: () => true,
    refuses: true,
    sizes: [],
    transport: (name, peers, more) => async () => {
      const end: End = { waiting: [], wake: () => {} }
      ends.set(name, end)
      const close = async (): Promise<void> => {
        if (ends.get(name) === end) ends.delete(name)
      }
      return {
        name: `wire of ${name}`,
        traits: linkTraits,
        link: {
          peers: () => peers,
          nearness: () => 'machine',
          send: async (peer, frame) => {
            const target = ends.get(peer)
            self.sizes.push(frame.length)
            if (target === undefined || !self.connected(name, peer)) {
              if (self.refuses || target === undefined) throw new Error('nobody there')
              return
            }
            target.waiting.push({ peer: name, frame: frame.slice() })
            target.wake()
          },
          frames: (options) => read(end, options?.signal),
        },
        close,
        [Symbol.asyncDispose]: close,
        ...more,
      }
    },
  }
  return self
}

async function* read(end: End, signal: AbortSignal | undefined): AsyncGenerator<Heard, void, undefined> {
  signal?.addEventListener('abort', () => end.wake())
  while (!signal?.aborted) {
    const next = end.waiting.shift()
    if (next !== undefined) yield next
    else
      await new Promise<void>((resolve) => {
        end.wake = resolve
      })
  }
}
