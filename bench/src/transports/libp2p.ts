// libp2p: the round trip of a 512-byte frame over the one stream that our link keeps with a peer, against a bare stream of
// libp2p that stays open and carries as many bytes. The other end is a process of its own; the two take turns.
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { libp2p } from '@hyphae/transport-libp2p'
import { multiaddr } from '@multiformats/multiaddr'
import { type Report, round } from '../harness.ts'
import { compareOnCores, FRAME_BYTES, type Runner, startEcho } from './round-trips.ts'

/** What a record of that frame takes in the stream: kind and length beside it. */
const RECORD_BYTES = 1 + 2 + FRAME_BYTES
const TURNS = { trips: 200, warmUp: 10 }

async function ours(): Promise<Runner> {
  const echo = await startEcho('echo-libp2p.ts', 'ours')
  const [peer, address] = echo.said as [string, string]
  const options = { identity: crypto.ed25519.generate(), reach: 'local' as const, addresses: () => [address] }
  const carrier = await libp2p(options)({ clock: systemClock, logger: silentLogger })
  const replies = carrier.link.frames()[Symbol.asyncIterator]()
  const frame = crypto.randomBytes(FRAME_BYTES)
  return {
    trip: async () => {
      await carrier.link.send(peer, frame)
      const { value } = await replies.next()
      if (value.frame.length !== FRAME_BYTES) throw new Error('another frame came back')
    },
    close: async () => {
      await carrier.close()
      echo.end()
    },
  }
}

async function bare(): Promise<Runner> {
  const { bareLibp2p, ECHO_PROTOCOL } = await import('./bare-libp2p.ts')
  const echo = await startEcho('echo-libp2p.ts', 'bare')
  const node = await bareLibp2p([])
  const stream = await node.dialProtocol(multiaddr(echo.said[1] as string), ECHO_PROTOCOL)
  const bytes = crypto.randomBytes(RECORD_BYTES)
  let back: () => void = () => {}
  let missing = 0
  stream.addEventListener('message', ({ data }) => {
    missing -= data.byteLength
    if (missing === 0) back()
  })
  return {
    trip: () =>
      new Promise((resolve) => {
        back = resolve
        missing = RECORD_BYTES
        stream.send(bytes)
      }),
    close: async () => {
      await node.stop()
      echo.end()
    },
  }
}

export async function libp2pRows({ figures, ratios }: Report): Promise<void> {
  const start = async (): Promise<[Runner, Runner]> => [await ours(), await bare()]
  await compareOnCores(start, TURNS, (suffix, times) => {
    figures[`libp2pRoundTripP50Us${suffix}`] = round(times.ours)
    figures[`libp2pBareRoundTripP50Us${suffix}`] = round(times.bare)
    // Here a peer's time over ours would hide the goal, which is at most 1.3 times the bare stream.
    ratios[`libp2pRoundTripVsBare${suffix}`] = round(times.ours / times.bare)
  })
}
