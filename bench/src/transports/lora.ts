// Two devices with radios, in virtual time: the product's links over the product's streams of datagrams, and below them
// shared air of so many bits a second, packets of at most 255 bytes, one sender at a time. The same every time.
import { silentLogger, toHex } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import {
  type LinkConditions,
  lora,
  type NodeLife,
  type Sockets,
  simulatedNetwork,
  simulation,
  sockets,
} from '@hyphae/testkit'
import { type LinkCarrier, linkFactory, type Platform, parseAddress } from '@hyphae/transport-link'
import { createStreams, RADIO_PACE } from '@hyphae/transport-link/datagrams'

const RADIO = 'serial:/dev/radio'
const EVERYBODY = 'everybody'
const PATIENCE_MS = 600_000

export interface LoraRun {
  /** Virtual seconds from nothing until the first, short frame was read: the handshake, and 128 bytes. */
  readonly firstFrameSeconds: number
  /** Virtual seconds from then until the frames that were sent next were read. */
  readonly seconds: number
  /** Bytes in the air meanwhile, acknowledgements included, and the largest packet of all. */
  readonly airBytes: number
  readonly largestPacket: number
}

export interface Radio {
  readonly id: string
  readonly carrier: LinkCarrier
}

/** A link of `life` over the air it shares with `other`. */
export async function radio(life: NodeLife, all: Sockets, other: string, sent: number[]): Promise<Radio> {
  const crypto = createNodeCrypto({ rng: life.rng })
  const socket = all.datagrams(life)
  const streams = createStreams({
    pace: RADIO_PACE,
    clock: life.clock,
    crypto,
    send: (datagram) => {
      sent.push(datagram.length)
      void socket.send(other, datagram).catch(() => {})
    },
  })
  socket.onReceive((_from, datagram) => streams.heard(datagram, EVERYBODY))
  const platform: Platform = {
    dial: (_address, events) => streams.dial(EVERYBODY, events),
    listen: async (_address, connected) => {
      streams.listen(connected)
      return { address: parseAddress(RADIO), close: async () => streams.close() }
    },
  }
  const identity = crypto.ed25519.generate()
  const transport = linkFactory(platform)({ identity, crypto, listen: [RADIO], addresses: () => [RADIO] })
  const carrier = await transport({ clock: life.clock, logger: silentLogger })
  return { id: toHex(identity.publicKey), carrier }
}

/** Sends frames of `sizes` at `bitsPerSecond`. @throws Error unless all come as they went */
export async function runLora(
  bitsPerSecond: number,
  sizes: readonly number[],
  conditions: LinkConditions = {},
): Promise<LoraRun> {
  const sim = simulation({ seed: 3 })
  const all = sockets(simulatedNetwork(sim, { conditions: lora(bitsPerSecond, conditions) }))
  const sent: number[] = []
  const came: Uint8Array[] = []
  const frames = [128, ...sizes].map((size, index) => new Uint8Array(size).fill(index + 1))
  const begunAt = sim.clock.now()
  let ben: Radio | undefined
  let firstAt = 0
  let before = 0
  const receiver = async (life: NodeLife): Promise<void> => {
    ben = await radio(life, all, 'ada', sent)
    for await (const { frame } of ben.carrier.link.frames()) {
      came.push(frame)
      if (came.length > 1) continue
      firstAt = sim.clock.now()
      before = sent.reduce((sum, bytes) => sum + bytes, 0)
    }
  }
  const sender = async (life: NodeLife): Promise<void> => {
    const { carrier } = await radio(life, all, 'ben', sent)
    for (const [index, frame] of frames.entries()) {
      while (index === 1 && came.length === 0) await life.clock.sleep(1)
      await carrier.link.send((ben as Radio).id, frame)
    }
  }
  sim.node('ben', receiver).boot()
  sim.node('ada', sender).boot()
  const until = (): boolean => came.length === frames.length || sim.clock.now() - begunAt > PATIENCE_MS
  const { failure } = await sim.run({ until })
  const right = frames.every((frame, index) => Buffer.compare(frame, came[index] ?? new Uint8Array()) === 0)
  if (failure !== undefined || !right) throw new Error(failure?.what ?? 'not the frames that were sent')
  return {
    firstFrameSeconds: (firstAt - begunAt) / 1000,
    seconds: (sim.clock.now() - firstAt) / 1000,
    airBytes: sent.reduce((sum, bytes) => sum + bytes, 0) - before,
    largestPacket: Math.max(...sent),
  }
}
