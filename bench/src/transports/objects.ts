// Objects between two devices with radios, in virtual time: the exchange as it is, over encrypted links as they are, in
// packets of at most 255 bytes. The same every time.
import type { Link } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import { type Attachment, assembly, type ObjectExchange, openExchange } from '@hyphae/objects'
import {
  type LinkConditions,
  lora,
  type NodeLife,
  type Simulation,
  type Sockets,
  simulatedNetwork,
  simulation,
  sockets,
} from '@hyphae/testkit'
import { type Report, round } from '../harness.ts'
import { type Radio, radio } from './lora.ts'

const KILOBYTE = 1024
const PHOTO_BYTES = 200_000
const PHOTO_BANDWIDTH_BPS = 10_000
const HOUR_MS = 3_600_000

interface Device {
  readonly life: NodeLife
  readonly exchange: ObjectExchange
}

export interface ObjectsRun {
  /** Virtual seconds from publishing a critical object of 1 KB until the other device has it whole. */
  readonly seconds: number
  /** The same of a normal one, which is hinted at and asked for first. */
  readonly hintedSeconds: number
  readonly airBytes: number
  /** Virtual seconds until the description of a photo for faster links is there. */
  readonly describedSeconds: number
  /** Payload bytes of that photo that went over the radio in an hour. */
  readonly photoBytes: number
  /** Virtual seconds from attaching a second link, fast enough for it, until the photo is whole. */
  readonly photoSeconds: number
}

async function device(sim: Simulation, name: string): Promise<Device> {
  let made: Device | undefined
  const program = async (life: NodeLife): Promise<void> => {
    const crypto = createNodeCrypto({ rng: life.rng })
    made = { life, exchange: await openExchange({ store: life.disk, clock: life.clock, crypto }) }
  }
  sim.node(name, program).boot()
  await sim.run({ until: () => made !== undefined })
  return made as Device
}

interface Air {
  readonly sockets: Sockets
  readonly conditions: LinkConditions
  /** Bytes of each packet. */
  readonly packets: number[]
}

function air(sim: Simulation, conditions: LinkConditions): Air {
  return { sockets: sockets(simulatedNetwork(sim, { conditions })), conditions, packets: [] }
}

/** Payload bytes that go over a link. */
function counted(link: Link, count: (bytes: number) => void): Link {
  const outgoing = assembly()
  return {
    send: async (peer, frame, options) => {
      const message = outgoing.take(frame)
      if (message?.kind === 'block') count(message.data.length)
      if (message?.kind === 'object') count(message.payload?.length ?? 0)
      await link.send(peer, frame, options)
    },
    frames: (options) => link.frames(options),
  }
}

/** Both devices begin to use the air. */
async function join(
  { sockets: all, conditions, packets }: Air,
  [ada, ben]: readonly [Device, Device],
  count: (bytes: number) => void,
): Promise<Attachment[]> {
  const radios: readonly [Radio, Radio] = [
    await radio(ada.life, all, 'ben', packets),
    await radio(ben.life, all, 'ada', packets),
  ]
  const traits = { mtu: 4096, bandwidthBps: conditions.bandwidthBps ?? 0, reliable: true }
  const [left, right] = radios
  return [
    ada.exchange.attach({ link: counted(left.carrier.link, count), traits, peers: [right.id] }),
    ben.exchange.attach({ link: counted(right.carrier.link, count), traits, peers: [left.id] }),
  ]
}

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17) & 0xff)

async function waitFor(sim: Simulation, until: () => boolean): Promise<number> {
  const begun = sim.clock.now()
  const { failure } = await sim.run({ until: () => until() || sim.clock.now() - begun > HOUR_MS })
  if (failure !== undefined || !until()) throw new Error(failure?.what ?? 'it did not come about')
  return (sim.clock.now() - begun) / 1000
}

/** @throws Error unless everything arrives as it went */
export async function runObjects(bitsPerSecond: number): Promise<ObjectsRun> {
  const sim = simulation({ seed: 3 })
  const thin = air(sim, lora(bitsPerSecond))
  const devices = [await device(sim, 'ada'), await device(sim, 'ben')] as const
  const [ada, ben] = devices
  let payloadBytes = 0
  await join(thin, devices, (bytes) => {
    payloadBytes += bytes
  })
  await sim.run({ forMs: HOUR_MS })
  const bytesSent = (): number => thin.packets.reduce((sum, bytes) => sum + bytes, 0)
  const idle = bytesSent()
  const send = async (priority: 'critical' | 'normal'): Promise<number> => {
    const { hash } = await ada.exchange.publish({ payload: pattern(KILOBYTE), ttl: 3600, priority })
    return waitFor(sim, () => ben.exchange.status(hash)?.complete === true)
  }
  const seconds = await send('critical')
  const airBytes = bytesSent() - idle
  await sim.run({ forMs: HOUR_MS / 6 })
  const hintedSeconds = await send('normal')
  await sim.run({ forMs: HOUR_MS / 6 })
  payloadBytes = 0
  const photo = await ada.exchange.publish({
    payload: pattern(PHOTO_BYTES),
    minBandwidthBps: PHOTO_BANDWIDTH_BPS,
  })
  const describedSeconds = await waitFor(sim, () => ben.exchange.status(photo.hash) !== undefined)
  await sim.run({ forMs: HOUR_MS })
  const photoBytes = payloadBytes
  await join(air(sim, { bandwidthBps: 1_000_000, delayMs: [10, 30] }), devices, () => {})
  const photoSeconds = await waitFor(sim, () => ben.exchange.status(photo.hash)?.complete === true)
  const came = await ben.exchange.read(photo.hash)
  if (came === undefined || Buffer.compare(came, photo.payload) !== 0) throw new Error('not the photo')
  return { seconds, hintedSeconds, airBytes, describedSeconds, photoBytes, photoSeconds }
}

export async function objectRows({ figures }: Report): Promise<void> {
  const run = await runObjects(1_000)
  figures.lora1kSeconds = round(run.seconds)
  figures.lora1kHintedSeconds = round(run.hintedSeconds)
  figures.lora1kAirBytes = run.airBytes
  figures.photoDescribedOnLoraSeconds = round(run.describedSeconds)
  figures.photoBytesOnLora = run.photoBytes
  figures.photoAfterFasterLinkSeconds = round(run.photoSeconds)
}
