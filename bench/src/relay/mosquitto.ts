// Debian's Mosquitto with persistent sessions and QoS 1, spoken to in bare MQTT 3.1.1.
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { BOXES, type Broker, CONNECTIONS, FRAME_BYTES, type LoadEvents, type Member } from './load.ts'
import {
  connectTo,
  freePort,
  listening,
  SERVER_CORE,
  spawnPinned,
  stopped,
  temporaryFolder,
} from './processes.ts'

const CONNECT = 0x10
const PUBLISH_QOS1 = 0x32
const PUBACK = 0x40
const SUBSCRIBE = 0x82

function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** Fixed header of a packet shorter than 16,384 bytes. */
function packet(type: number, body: Buffer): Buffer {
  const { length } = body
  const head = length < 128 ? [type, length] : [type, (length & 0x7f) | 0x80, length >> 7]
  return Buffer.concat([Buffer.from(head), body])
}

const TOPIC_BYTES = 6
const PUBLISH_HEAD = 3 + 2 + TOPIC_BYTES + 2

/** A publish of fixed size but for packet id, topic digits and payload. */
function publishTemplate(): Buffer {
  const body = Buffer.concat([field('b/0000'), Buffer.from([0, 0]), Buffer.alloc(FRAME_BYTES, 7)])
  return packet(PUBLISH_QOS1, body)
}

class MosquittoMember implements Member {
  private readonly socket: Socket
  private readonly events: LoadEvents
  private readonly template = publishTemplate()
  private out: Buffer[] = []
  private rest: Buffer = Buffer.alloc(0)
  private nextId = 1
  private readonly stored = new Uint32Array(65_536)
  private scheduled = false

  constructor(socket: Socket, events: LoadEvents) {
    this.socket = socket
    this.events = events
    socket.on('data', (data) => this.receive(data))
  }

  send(box: number, number: number): void {
    const id = this.nextId
    this.nextId = id === 65_535 ? 1 : id + 1
    this.stored[id] = number
    const bytes = Buffer.from(this.template)
    bytes.write(String(box).padStart(4, '0'), 3 + 2 + 2, 'latin1')
    bytes.writeUInt16BE(id, PUBLISH_HEAD - 2)
    bytes.writeUInt32LE(number, PUBLISH_HEAD)
    this.out.push(bytes)
  }

  flush(): void {
    if (this.out.length === 0) return
    this.socket.write(this.out.length === 1 ? (this.out[0] as Buffer) : Buffer.concat(this.out))
    this.out = []
  }

  close(): void {
    this.socket.destroy()
  }

  private receive(data: Buffer): void {
    const bytes = this.rest.length === 0 ? data : Buffer.concat([this.rest, data])
    let at = 0
    while (bytes.length - at >= 4) {
      const short = (bytes[at + 1] as number) < 0x80
      const length = short
        ? (bytes[at + 1] as number)
        : ((bytes[at + 1] as number) & 0x7f) | ((bytes[at + 2] as number) << 7)
      const body = at + (short ? 2 : 3)
      if (bytes.length < body + length) break
      this.take(bytes, bytes[at] as number, body)
      at = body + length
    }
    this.rest = bytes.subarray(at)
  }

  private take(bytes: Buffer, type: number, body: number): void {
    if (type === PUBACK) this.events.stored(this.stored[bytes.readUInt16BE(body)] as number)
    else if ((type & 0xf0) === 0x30) {
      const idAt = body + 2 + bytes.readUInt16BE(body)
      const number = bytes.readUInt32LE(idAt + 2)
      this.events.delivered(number)
      this.out.push(Buffer.from([PUBACK, 2, bytes[idAt] as number, bytes[idAt + 1] as number]))
      this.events.acknowledged(number)
      if (this.scheduled) return
      this.scheduled = true
      setImmediate(() => {
        this.scheduled = false
        this.flush()
      })
    }
  }
}

async function connect(port: number, index: number, events: LoadEvents): Promise<Member> {
  const socket = await connectTo(port)
  let answers = 0
  const ready = new Promise<void>((resolve) => {
    socket.on('data', function count(data: Buffer) {
      answers += data.length
      // CONNACK has 4 bytes, SUBACK 4 and one for each topic.
      if (answers < 8 + BOXES / CONNECTIONS) return
      socket.off('data', count)
      resolve()
    })
  })
  // Not clean: the session and what waits for it are kept.
  const header = Buffer.concat([field('MQTT'), Buffer.from([4, 0, 0, 60])])
  socket.write(packet(CONNECT, Buffer.concat([header, field(`member${index}`)])))
  const topics: Buffer[] = [Buffer.from([0, 1])]
  for (let box = index; box < BOXES; box += CONNECTIONS)
    topics.push(field(`b/${String(box).padStart(4, '0')}`), Buffer.from([1]))
  socket.write(packet(SUBSCRIBE, Buffer.concat(topics)))
  await ready
  return new MosquittoMember(socket, events)
}

export async function mosquittoBroker(): Promise<Broker> {
  const folder = temporaryFolder()
  const port = await freePort()
  const config = join(folder.path, 'mosquitto.conf')
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'user root',
    'persistence true',
    `persistence_location ${folder.path}/`,
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    'log_type error',
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  const child = spawnPinned('/usr/sbin/mosquitto', ['-c', config], SERVER_CORE)
  await listening(port, child)
  return {
    name: 'mosquitto',
    pid: child.pid as number,
    connect: (index, events) => connect(port, index, events),
    stop: async () => {
      await stopped(child)
      folder.remove()
    },
  }
}
