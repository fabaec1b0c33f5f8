// libp2p: the round trip of a 512-byte frame over the one stream that our link keeps with a peer, against a bare stream of
// libp2p that stays open and carries as many bytes. The other end is a process of its own; the two take turns.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { libp2p } from '@hyphae/transport-libp2p'
import { multiaddr } from '@multiformats/multiaddr'
import { median, type Report, round } from '../harness.ts'

const FRAME_BYTES = 512
/** What a record of that frame takes in the stream: kind and length beside it. */
const RECORD_BYTES = 1 + 2 + FRAME_BYTES
const ROUNDS = 31
const TRIPS = 200
const WARM_UP = 10

interface Runner {
  trip(): Promise<void>
  close(): Promise<void>
}

async function startEcho(kind: 'ours' | 'bare'): Promise<{ said: [string, string]; end(): void }> {
  const program = fileURLToPath(new URL('echo-libp2p.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program, kind], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { said: String(line).trim().split(' ') as [string, string], end: () => child.stdin.end() }
}

async function ours(): Promise<Runner> {
  const echo = await startEcho('ours')
  const [peer, address] = echo.said
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
  const echo = await startEcho('bare')
  const node = await bareLibp2p([])
  const stream = await node.dialProtocol(multiaddr(echo.said[1]), ECHO_PROTOCOL)
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

/** Microseconds, the median trip of one turn. */
async function turn(runner: Runner): Promise<number> {
  const trips: number[] = []
  for (let i = 0; i < TRIPS; i++) {
    const begun = process.hrtime.bigint()
    await runner.trip()
    trips.push(Number(process.hrtime.bigint() - begun) / 1000)
  }
  return median(trips)
}

export async function libp2pRows({ figures, ratios }: Report): Promise<void> {
  const framed = await ours()
  const plain = await bare()
  const samples = { ours: [] as number[], bare: [] as number[] }
  for (let i = 0; i < ROUNDS + WARM_UP; i++) {
    const [a, b] = [await turn(framed), await turn(plain)]
    if (i < WARM_UP) continue
    samples.ours.push(a)
    samples.bare.push(b)
  }
  await Promise.all([framed.close(), plain.close()])
  const [own, other] = [median(samples.ours), median(samples.bare)]
  figures.libp2pRoundTripP50Us = round(own)
  figures.libp2pBareRoundTripP50Us = round(other)
  // Here a peer's time over ours would hide the goal, which is at most 1.3 times the bare stream.
  ratios.libp2pRoundTripVsBare = round(own / other)
}
