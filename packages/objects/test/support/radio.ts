// A link over simulated datagrams. Where the medium takes 255 bytes, as a radio does, a frame travels in packets, two
// bytes of each are the packet's own, and what is lost stays lost. Counts the bytes that were sent.
import type { CarrierTraits, Link } from '@hyphae/core'
import type { LinkConditions, NodeLife, Sockets } from '@hyphae/testkit'

const HEADER_BYTES = 2

export interface Radio {
  readonly link: Link
  readonly traits: Pick<CarrierTraits, 'mtu' | 'bandwidthBps' | 'reliable'>
  /** Bytes sent, packet headers included. */
  readonly sent: () => number
}

export function radio(all: Sockets, life: NodeLife, conditions: LinkConditions): Radio {
  const pieceBytes = (conditions.mtu ?? 4096 + HEADER_BYTES) - HEADER_BYTES
  const socket = all.datagrams(life)
  const frames: { peer: string; frame: Uint8Array }[] = []
  const partial = new Map<string, Uint8Array[]>()
  let wake = (): void => {}
  let sent = 0
  socket.onReceive((peer, packet) => {
    const [index = 0, count = 0] = packet
    const pieces = index === 0 ? [] : (partial.get(peer) ?? [])
    partial.set(peer, pieces)
    if (pieces.length !== index) return
    pieces.push(packet.subarray(HEADER_BYTES))
    if (pieces.length < count) return
    partial.delete(peer)
    frames.push({ peer, frame: Uint8Array.from(pieces.flatMap((piece) => [...piece])) })
    wake()
  })
  return {
    traits: {
      mtu: 4096,
      bandwidthBps: conditions.bandwidthBps ?? 1e9,
      reliable: (conditions.loss ?? 0) === 0,
    },
    sent: () => sent,
    link: {
      send: async (peer, frame) => {
        const count = Math.ceil(frame.length / pieceBytes)
        for (let index = 0; index < count; index++) {
          const piece = frame.subarray(index * pieceBytes, (index + 1) * pieceBytes)
          sent += HEADER_BYTES + piece.length
          await socket.send(peer, Uint8Array.of(index, count, ...piece))
        }
      },
      frames: async function* ({ signal } = {}) {
        signal?.addEventListener('abort', () => wake(), { once: true })
        while (signal?.aborted !== true) {
          const next = frames.shift()
          if (next !== undefined) yield next
          else
            await new Promise<void>((resolve) => {
              wake = resolve
            })
        }
      },
    },
  }
}
