// Debian's nats-server with JetStream, one replica: a work-queue stream, deduplication by message id, one push
// consumer a connection. Spoken to in the bare NATS protocol.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { type Broker, CONNECTIONS, FRAME_BYTES, type LoadEvents, type Member } from './load.ts'
import {
  connectTo,
  freePort,
  listening,
  SERVER_CORE,
  spawnPinned,
  stopped,
  temporaryFolder,
} from './processes.ts'

const SECOND_NS = 1e9
const CRLF = '\r\n'

type Handler = (subject: string, reply: string, payload: Buffer) => void

/** One connection: gathers what it sends, and calls back for each message. */
export class NatsLink {
  readonly socket: Socket
  onMessage: Handler = () => {}
  private out: Buffer[] = []
  private rest: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (data) => this.receive(data))
  }

  write(line: string, payload?: Uint8Array): void {
    this.out.push(Buffer.from(line, 'latin1'))
    if (payload !== undefined) this.out.push(payload as Buffer, Buffer.from(CRLF))
  }

  flush(): void {
    if (this.out.length === 0) return
    this.socket.write(Buffer.concat(this.out))
    this.out = []
  }

  private receive(data: Buffer): void {
    const bytes = this.rest.length === 0 ? data : Buffer.concat([this.rest, data])
    let at = 0
    for (;;) {
      const end = bytes.indexOf('\r\n', at)
      if (end < 0) break
      const line = bytes.toString('latin1', at, end)
      const next = this.take(line, bytes, end + 2)
      if (next < 0) break
      at = next
    }
    this.rest = bytes.subarray(at)
  }

  /** Where the next line begins; negative when the payload is not complete. */
  private take(line: string, bytes: Buffer, body: number): number {
    if (line.startsWith('MSG ') || line.startsWith('HMSG ')) {
      const headers = line[0] === 'H'
      const words = line.split(' ')
      const length = Number(words.at(-1))
      if (bytes.length < body + length + 2) return -1
      const skip = headers ? Number(words.at(-2)) : 0
      const reply = words.length === (headers ? 6 : 5) ? (words[3] as string) : ''
      this.onMessage(words[1] as string, reply, bytes.subarray(body + skip, body + length))
      return body + length + 2
    }
    if (line === 'PING') {
      this.write(`PONG${CRLF}`)
      this.flush()
    } else if (line.startsWith('-ERR')) throw new Error(line)
    return body
  }
}

export async function openLink(port: number): Promise<NatsLink> {
  const link = new NatsLink(await connectTo(port))
  const options = {
    verbose: false,
    pedantic: false,
    headers: true,
    no_responders: true,
    lang: 'bench',
    version: '1',
  }
  link.write(`CONNECT ${JSON.stringify(options)}${CRLF}`)
  return link
}

/** One request to the JetStream API. */
export async function ask(link: NatsLink, subject: string, request: unknown): Promise<void> {
  const body = Buffer.from(JSON.stringify(request))
  const answer = new Promise<Buffer>((resolve) => {
    link.onMessage = (_subject, _reply, payload) => resolve(payload)
  })
  link.write(`PUB ${subject} answer ${body.length}${CRLF}`, body)
  link.flush()
  const { error } = JSON.parse((await answer).toString()) as { error?: unknown }
  if (error !== undefined) throw new Error(`${subject}: ${JSON.stringify(error)}`)
}

class NatsMember implements Member {
  private readonly link: NatsLink
  private readonly index: number
  private readonly events: LoadEvents
  private readonly prefix = randomBytes(6).toString('hex')
  private readonly payload = Buffer.alloc(FRAME_BYTES, 7)
  private sequence = 0
  private scheduled = false

  constructor(link: NatsLink, index: number, events: LoadEvents) {
    this.link = link
    this.index = index
    this.events = events
    link.onMessage = (subject, reply, payload) => this.receive(subject, reply, payload)
  }

  send(box: number, number: number): void {
    const payload = Buffer.from(this.payload)
    payload.writeUInt32LE(number, 0)
    const headers = `NATS/1.0${CRLF}Nats-Msg-Id:${this.prefix}${this.sequence++}${CRLF}${CRLF}`
    const sizes = `${headers.length} ${headers.length + FRAME_BYTES}`
    this.link.write(
      `HPUB box.${box % CONNECTIONS}.${box} r${this.index}.${number} ${sizes}${CRLF}${headers}`,
      payload,
    )
  }

  flush(): void {
    this.link.flush()
  }

  close(): void {
    this.link.socket.destroy()
  }

  private receive(subject: string, reply: string, payload: Buffer): void {
    if (subject.startsWith('r')) {
      if (payload.includes('"error"')) throw new Error(payload.toString())
      this.events.stored(Number(subject.slice(subject.indexOf('.') + 1)))
      return
    }
    const number = payload.readUInt32LE(0)
    this.events.delivered(number)
    this.link.write(`PUB ${reply} 4${CRLF}+ACK${CRLF}`)
    this.events.acknowledged(number)
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.flush()
    })
  }
}

async function createStream(port: number): Promise<void> {
  const link = await openLink(port)
  link.write(`SUB answer 1${CRLF}`)
  await ask(link, '$JS.API.STREAM.CREATE.boxes', {
    name: 'boxes',
    subjects: ['box.>'],
    retention: 'workqueue',
    storage: 'file',
    num_replicas: 1,
    duplicate_window: 120 * SECOND_NS,
  })
  for (let i = 0; i < CONNECTIONS; i++) {
    await ask(link, `$JS.API.CONSUMER.DURABLE.CREATE.boxes.member${i}`, {
      stream_name: 'boxes',
      config: {
        durable_name: `member${i}`,
        deliver_subject: `d.${i}`,
        filter_subject: `box.${i}.*`,
        ack_policy: 'explicit',
        deliver_policy: 'all',
        replay_policy: 'instant',
        max_ack_pending: 100_000,
        ack_wait: 60 * SECOND_NS,
      },
    })
  }
  link.socket.destroy()
}

async function connect(port: number, index: number, events: LoadEvents): Promise<Member> {
  const link = await openLink(port)
  const member = new NatsMember(link, index, events)
  link.write(`SUB r${index}.* 1${CRLF}SUB d.${index} 2${CRLF}PING${CRLF}`)
  const pong = once(link.socket, 'data')
  link.flush()
  await pong
  return member
}

export async function natsBroker(): Promise<Broker> {
  const folder = temporaryFolder()
  const port = await freePort()
  const config = join(folder.path, 'nats.conf')
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder.path}/data" }\n`)
  const child = spawnPinned('/usr/sbin/nats-server', ['-c', config], SERVER_CORE)
  await listening(port, child)
  await createStream(port)
  return {
    name: 'jetstream',
    pid: child.pid as number,
    connect: (index, events) => connect(port, index, events),
    stop: async () => {
      await stopped(child)
      folder.remove()
    },
  }
}
