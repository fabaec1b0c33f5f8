// A carrier of one's own with a link and nothing else: a BroadcastChannel, which joins the tabs of a web page and the
// threads of a program. The messenger makes mailboxes and a directory of it by itself.
import type { Transport } from '@hyphae/core'
import { createFrameQueue } from '@hyphae/transport'

interface Letter {
  readonly from: string
  readonly to: string
  readonly frame: Uint8Array
}

/** `me` is what the others call this node, `others` are those it will look for. */
export function channelCarrier(room: string, me: string, others: readonly string[]): Transport {
  return async () => {
    const channel = new BroadcastChannel(room)
    const queue = createFrameQueue({ most: 1024, onRoom: () => {} })
    channel.onmessage = (event) => {
      const { from, to, frame } = (event as MessageEvent<Letter>).data
      if (to === me) queue.push({ peer: from, frame })
    }
    const close = async (): Promise<void> => {
      queue.end()
      channel.close()
    }
    return {
      name: `channel ${room}`,
      traits: {
        mtu: 4096,
        bandwidthBps: 1e9,
        latencyMs: 1,
        reliable: true,
        ordered: true,
        metered: false,
        privacy: 'direct',
      },
      link: {
        send: async (to, frame) => channel.postMessage({ from: me, to, frame } satisfies Letter),
        frames: (options) => queue.read(options?.signal),
        peers: () => others,
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  }
}
