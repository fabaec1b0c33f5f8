// Direct links: the round trip of a 512-byte frame, sealed and opened at both ends, against bare sockets that carry as
// many bytes. The other end is a process of its own, as in use; the two take turns.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { link } from '@hyphae/transport-link'
import { type Report, round } from '../harness.ts'
import { compareOnCores, FRAME_BYTES, type Runner, startEcho } from './round-trips.ts'

/** What a record of that frame takes on the wire: length, kind and tag beside it. */
const RECORD_BYTES = 2 + 1 + FRAME_BYTES + 16
/** The same in a datagram of a link over UDP. */
const SEGMENT_BYTES = RECORD_BYTES + 19
const TURNS = { trips: 400, warmUp: 5 }

const components = { clock: systemClock, logger: silentLogger }

async function ours(address: string): Promise<Runner> {
  const echo = await startEcho('echo.ts', 'link', address)
  const [peer, place] = echo.said as [string, string]
  const carrier = await link({ identity: crypto.ed25519.generate(), addresses: () => [place] })(components)
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

async function bare(path: string): Promise<Runner> {
  const echo = await startEcho('echo.ts', 'bare', path)
  const socket: Socket = path === '' ? connect(Number(echo.said[0]), '127.0.0.1') : connect(path)
  socket.setNoDelay(true)
  await new Promise((resolve) => socket.once('connect', resolve))
  const bytes = crypto.randomBytes(RECORD_BYTES)
  let back: () => void = () => {}
  let missing = 0
  socket.on('data', (part) => {
    missing -= part.length
    if (missing === 0) back()
  })
  return {
    trip: () =>
      new Promise((resolve) => {
        back = resolve
        missing = RECORD_BYTES
        socket.write(bytes)
      }),
    close: async () => {
      socket.destroy()
      echo.end()
    },
  }
}

async function bareDatagrams(): Promise<Runner> {
  const echo = await startEcho('echo.ts', 'datagrams')
  const socket = createSocket('udp4')
  socket.connect(Number(echo.said[0]), '127.0.0.1')
  await once(socket, 'connect')
  const bytes = crypto.randomBytes(SEGMENT_BYTES)
  let back: () => void = () => {}
  socket.on('message', () => back())
  return {
    trip: () =>
      new Promise((resolve) => {
        back = resolve
        socket.send(bytes)
      }),
    close: async () => {
      socket.close()
      echo.end()
    },
  }
}

const path = (name: string): string => join(mkdtempSync(join(tmpdir(), 'hyphae-bench-')), name)

const KINDS: Record<string, () => Promise<[Runner, Runner]>> = {
  unix: async () => [await ours(`unix:${path('link')}`), await bare(path('bare'))],
  tcp: async () => [await ours('tcp://127.0.0.1:0'), await bare('')],
  udp: async () => [await ours('udp://127.0.0.1:0'), await bareDatagrams()],
}

export async function linkRows({ figures, ratios }: Report): Promise<void> {
  for (const [name, start] of Object.entries(KINDS))
    await compareOnCores(start, TURNS, (suffix, times) => {
      figures[`${name}RoundTripP50Us${suffix}`] = round(times.ours)
      figures[`${name}BareRoundTripP50Us${suffix}`] = round(times.bare)
      // Here a peer's time over ours would hide the goal, which is at most twice the bare socket.
      ratios[`${name}OverBare${suffix}`] = round(times.ours / times.bare)
    })
}
