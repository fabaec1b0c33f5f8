// A carrier of one's own with a link and nothing else: a BroadcastChannel, which joins the tabs of a web page and the
// threads of a program. The messenger makes mailboxes and a directory of it by itself.
import type { Transport } from '@hyphae/core'
import { linkCarrier } from '@hyphae/transport'

interface Letter {
  readonly from: string
  readonly to: string
  readonly frame: Uint8Array
}

/** `me` is what the others call this node, `others` are those it will look for. */
export function channelCarrier(room: string, me: string, others: readonly string[]): Transport {
  // A channel cannot hold its senders up, so it does not say that it is reliable: what is lost is sent again above it.
  const traits = { bandwidthBps: 1e9, latencyMs: 1, ordered: true }
  return linkCarrier({ name: `channel ${room}`, traits }, ({ received }) => {
    const channel = new BroadcastChannel(room)
    channel.onmessage = (event) => {
      const { from, to, frame } = (event as MessageEvent<Letter>).data
      if (to === me) void received(from, frame)
    }
    return {
      send: (to, frame) => channel.postMessage({ from: me, to, frame } satisfies Letter),
      peers: () => others,
      close: () => channel.close(),
    }
  })
}
