// Links in memory between named ends; a test decides what is lost, and sees every frame.
import type { Link } from '@hyphae/core'
import type { LinkTraits } from '@hyphae/objects'

export const BROAD: LinkTraits = { mtu: 4096, bandwidthBps: 100_000_000, reliable: true }

interface End {
  readonly waiting: { readonly peer: string; readonly frame: Uint8Array }[]
  wake(): void
}

export interface Wire {
  /** Changes, drops (null) or passes a frame. */
  tap: (from: string, to: string, frame: Uint8Array) => Uint8Array | null
  readonly frames: { readonly from: string; readonly to: string; readonly frame: Uint8Array }[]
  link(name: string): Link
}

export function wire(): Wire {
  const ends = new Map<string, End>()
  const self: Wire = {
    tap: (_from, _to, frame) => frame,
    frames: [],
    link: (name) => {
      const end: End = { waiting: [], wake: () => {} }
      ends.set(name, end)
      return {
        send: async (peer, frame) => {
          self.frames.push({ from: name, to: peer, frame: frame.slice() })
          const passed = self.tap(name, peer, frame.slice())
          const target = ends.get(peer)
          if (passed === null || target === undefined) return
          target.waiting.push({ peer: name, frame: passed })
          target.wake()
        },
        frames: async function* ({ signal } = {}) {
          signal?.addEventListener('abort', () => end.wake(), { once: true })
          while (signal?.aborted !== true) {
            const next = end.waiting.shift()
            if (next !== undefined) yield next
            else
              await new Promise<void>((resolve) => {
                end.wake = resolve
              })
          }
        },
      }
    },
  }
  return self
}
