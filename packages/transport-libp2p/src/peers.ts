/** The devices a node speaks with or has tried to: a bounded memory of their streams and failures. */
import type { Nearness } from '@hyphae/core'
import type { Channel } from './channel.js'
import { MAX_KNOWN_DEVICES } from './limits.js'

/** An attempt to get a stream, for all who wait for it. */
export interface Attempt {
  readonly promise: Promise<Channel>
  /** Ends it with a stream that the other side has opened meanwhile. */
  adopt(channel: Channel): void
  readonly over: AbortController
  /** From then on both sides may be opening, and the smaller peer id wins. */
  saidHello: boolean
}

export interface Peer {
  readonly device: string
  channel: Channel | undefined
  /** Of the connection under the channel. */
  nearness: Nearness | undefined
  attempt: Attempt | undefined
  /** Streams known to have been open: who knows of fewer has not noticed the newest yet. */
  streams: number
  /** Attempts that have failed since the last stream. */
  failures: number
  /** Before that it is not tried again. */
  retryAt: number
  /** Being connected again without anybody waiting for it. */
  restoring: boolean
}

export interface Peers {
  /** The device's row, made when there is none. */
  of(device: string): Peer
  /** The same where there is one already. */
  known(device: string): Peer | undefined
}

export function createPeers(): Peers {
  const rows = new Map<string, Peer>()
  return {
    known: (device) => rows.get(device),
    of: (device) => {
      const known = rows.get(device)
      rows.delete(device)
      const peer: Peer = known ?? {
        device,
        channel: undefined,
        nearness: undefined,
        attempt: undefined,
        streams: 0,
        failures: 0,
        retryAt: 0,
        restoring: false,
      }
      rows.set(device, peer)
      if (rows.size > MAX_KNOWN_DEVICES) forgetOne(rows)
      return peer
    },
  }
}

/** The one not used longest that nothing is going on with. */
function forgetOne(rows: Map<string, Peer>): void {
  for (const [device, { channel, attempt, restoring }] of rows) {
    if (channel !== undefined || attempt !== undefined || restoring) continue
    rows.delete(device)
    return
  }
}
