// Frames that nobody stores: announced to channels of our relay, beside a plain relay on `ws` that sends each message
// on as it comes. A message counts when it has arrived; ours also has to be answered.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { encodeRequests, type Request } from '@hyphae/transport-relay/wire'
import { median, type Report, round } from '../harness.ts'
import { begin, emptyMessage, finish, greet, startRelayServer } from './hyphae.ts'
import {
  BOXES,
  type Broker,
  CONNECTIONS,
  type Crowd,
  disperse,
  FRAME_BYTES,
  gather,
  type LoadEvents,
  type Member,
  saturate,
  type Throughput,
} from './load.ts'
import { startServer, temporaryFolder } from './processes.ts'
import { maskedFrame, openWebSocket, type RawSocket } from './websocket.ts'

const WINDOW = 64
const QUICK = process.argv.includes('--quick')
const SECONDS = QUICK ? 2 : 3
const ROUNDS = QUICK ? 3 : 5

const ANNOUNCE = 24
const OK = 129
const HEARD = 144
const OPERATION_HEADER = 8
const ANNOUNCE_BYTES = OPERATION_HEADER + 32 + FRAME_BYTES
const LISTEN_FIRST = 0x20000000
const MAX_OPERATIONS = 1024

class ChannelMember implements Member {
  private readonly raw: RawSocket
  private readonly events: LoadEvents
  private readonly channels: readonly Uint8Array[]
  private readonly message = emptyMessage()
  private readonly sent = new Uint32Array(1 << 17)
  private sequence = 0

  constructor(raw: RawSocket, events: LoadEvents, channels: readonly Uint8Array[]) {
    this.raw = raw
    this.events = events
    this.channels = channels
    raw.onMessage = (message) => this.receive(message)
  }

  send(box: number, number: number): void {
    if (this.message.count === MAX_OPERATIONS) this.flush()
    const request = (this.sequence++ & 0x1ffff) + 1
    this.sent[request - 1] = number
    const at = this.message.length
    const out = begin(this.message, ANNOUNCE, ANNOUNCE_BYTES, request)
    out.set(this.channels[box] as Uint8Array, at + 8)
    out.writeUInt32LE(number, at + 40)
  }

  flush(): void {
    if (this.message.count > 0) this.raw.socket.write(maskedFrame(finish(this.message)))
  }

  close(): void {
    this.raw.socket.destroy()
  }

  private receive(bytes: Buffer): void {
    for (let at = 4; at < bytes.length; ) {
      const request = bytes.readUInt32LE(at + 4)
      const body = at + OPERATION_HEADER
      const code = bytes[at]
      if (code === OK && request < LISTEN_FIRST) this.events.stored(this.sent[request - 1] as number)
      else if (code === HEARD) this.events.acknowledged(bytes.readUInt32LE(body))
      else if (code !== OK)
        throw new Error(`the relay answered with code ${code}: ${bytes.readUInt16LE(body)}`)
      at = body + bytes.readUIntLE(at + 1, 3)
    }
  }
}

async function channelBroker(): Promise<Broker> {
  const folder = temporaryFolder()
  const server = await startRelayServer(folder.path)
  const channels = Array.from({ length: BOXES }, () => new Uint8Array(randomBytes(32)))
  const connect: Broker['connect'] = async (index, events) => {
    const { raw } = await greet(server.port)
    const requests: Request[] = []
    for (let box = index; box < BOXES; box += CONNECTIONS)
      requests.push({ kind: 'listen', request: LISTEN_FIRST + box, channel: channels[box] as Uint8Array })
    const answered = new Promise<void>((resolve) => {
      raw.onMessage = () => resolve()
    })
    raw.socket.write(maskedFrame(encodeRequests(requests)))
    await answered
    return new ChannelMember(raw, events, channels)
  }
  const stop = async (): Promise<void> => {
    await server.stop()
    folder.remove()
  }
  return { name: 'volatile', pid: server.pid, connect, stop }
}

/** Destination, message number, the frame. */
const PLAIN_BYTES = 4 + FRAME_BYTES

class PlainMember implements Member {
  private readonly raw: RawSocket
  private frames: Buffer[] = []

  constructor(raw: RawSocket, events: LoadEvents) {
    this.raw = raw
    raw.onMessage = (message) => {
      const number = message.readUInt32LE(4)
      events.stored(number)
      events.acknowledged(number)
    }
  }

  send(box: number, number: number): void {
    const payload = Buffer.alloc(PLAIN_BYTES)
    payload.writeUInt32LE(box % CONNECTIONS, 0)
    payload.writeUInt32LE(number, 4)
    this.frames.push(maskedFrame(payload))
  }

  flush(): void {
    if (this.frames.length > 0) this.raw.socket.write(Buffer.concat(this.frames))
    this.frames = []
  }

  close(): void {
    this.raw.socket.destroy()
  }
}

async function plainBroker(): Promise<Broker> {
  const server = await startServer('ws-server', [])
  const connect: Broker['connect'] = async (_index, events) =>
    new PlainMember(await openWebSocket(server.port, () => {}), events)
  return { name: 'ws', pid: server.pid, connect, stop: server.stop }
}

export async function volatileRows({ figures, ratios }: Report): Promise<void> {
  const crowds: Crowd[] = []
  for (const start of [channelBroker, plainBroker]) crowds.push(await gather(await start()))
  const samples = new Map<string, Throughput[]>()
  for (let i = -1; i < ROUNDS; i++) {
    for (let k = 0; k < crowds.length; k++) {
      const crowd = crowds[(i + 1 + k) % crowds.length] as Crowd
      const sample = await saturate(crowd, WINDOW, SECONDS)
      // The first round warms up.
      if (i >= 0) samples.set(crowd.broker.name, [...(samples.get(crowd.broker.name) ?? []), sample])
    }
  }
  for (const crowd of crowds) await disperse(crowd)
  for (const [name, all] of samples) {
    figures[`${name}PerSecond`] = round(median(all.map(({ perSecond }) => perSecond)), 0)
    figures[`${name}CpuUs`] = round(median(all.map(({ cpuMicros }) => cpuMicros)))
    figures[`${name}ServerBusy`] = round(median(all.map(({ serverBusy }) => serverBusy)))
  }
  ratios.volatileVsWs = round((figures.volatilePerSecond as number) / (figures.wsPerSecond as number))
}
