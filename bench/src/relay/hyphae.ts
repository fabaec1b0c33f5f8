// Our relay as a broker of the durable comparison, and a bare client that writes the wire's operations by hand.
import { randomBytes } from 'node:crypto'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { encodeRequests, openProof, type Request } from '@hyphae/transport-relay/wire'
import { BOXES, type Broker, CONNECTIONS, FRAME_BYTES, type LoadEvents, type Member } from './load.ts'
import { SERVER_CORE, type Server, startServer, temporaryFolder } from './processes.ts'
import { maskedFrame, openWebSocket, type RawSocket } from './websocket.ts'

const MESSAGE_HEADER = 4
const OPERATION_HEADER = 8
const PUT_BYTES = OPERATION_HEADER + 32 + 16 + FRAME_BYTES
const ACK_BYTES = OPERATION_HEADER + 32 + 8
const MAX_OPERATIONS = 1024
const HOST = '127.0.0.1'

type KeyPair = ReturnType<typeof crypto.ed25519.generate>

/** Operations a client gathers into one message. */
export interface Message {
  bytes: Buffer
  length: number
  count: number
}

export function emptyMessage(): Message {
  return { bytes: Buffer.allocUnsafe(64 * 1024), length: MESSAGE_HEADER, count: 0 }
}

function room(message: Message, bytes: number): void {
  if (message.length + bytes <= message.bytes.length) return
  const larger = Buffer.allocUnsafe(2 * message.bytes.length)
  message.bytes.copy(larger, 0, 0, message.length)
  message.bytes = larger
}

export function begin(message: Message, code: number, bytes: number, request: number): Buffer {
  room(message, bytes)
  const { bytes: out, length } = message
  out[length] = code
  out.writeUIntLE(bytes - OPERATION_HEADER, length + 1, 3)
  out.writeUInt32LE(request, length + 4)
  message.count += 1
  message.length += bytes
  return out
}

export function finish(message: Message): Buffer {
  const { bytes, length, count } = message
  bytes[0] = 1
  bytes.writeUInt16LE(count, 1)
  bytes[3] = 0
  message.length = MESSAGE_HEADER
  message.count = 0
  return bytes.subarray(0, length)
}

const CODES = { put: 2, ack: 4, hello: 128, ok: 129, pushed: 131 } as const

/** What an `ok` for this request means. */
const ACK_FLAG = 0x40000000
const IDLE_REQUESTS = 0x20000000

interface Waiting {
  cursor: number
  readonly numbers: number[]
}

class HyphaeMember implements Member {
  private readonly raw: RawSocket
  private readonly events: LoadEvents
  private readonly boxes: readonly Uint8Array[]
  private readonly message = emptyMessage()
  private readonly idPrefix = randomBytes(12)
  private sequence = 0
  private ackSequence = 0
  /** Message number by request. */
  private readonly stored = new Uint32Array(1 << 17)
  private readonly acks = new Map<number, readonly number[]>()
  private readonly unacknowledged = new Map<number, Waiting>()
  private flushing = false

  constructor(raw: RawSocket, events: LoadEvents, boxes: readonly Uint8Array[]) {
    this.raw = raw
    this.events = events
    this.boxes = boxes
    raw.onMessage = (message) => this.receive(message)
  }

  send(box: number, number: number): void {
    const { message } = this
    if (message.count === MAX_OPERATIONS) this.flush()
    const sequence = this.sequence++
    const request = (sequence & 0x1ffff) + 1
    this.stored[request - 1] = number
    const at = message.length
    const out = begin(message, CODES.put, PUT_BYTES, request)
    out.set(this.boxes[box] as Uint8Array, at + 8)
    out.set(this.idPrefix, at + 40)
    out.writeUInt32LE(sequence >>> 0, at + 52)
    out.writeUInt32LE(number, at + 56)
  }

  flush(): void {
    if (this.message.count > 0) this.raw.socket.write(maskedFrame(finish(this.message)))
  }

  close(): void {
    this.raw.socket.destroy()
  }

  private receive(bytes: Buffer): void {
    let at = MESSAGE_HEADER
    while (at < bytes.length) {
      const code = bytes[at] as number
      const length = bytes.readUIntLE(at + 1, 3)
      const request = bytes.readUInt32LE(at + 4)
      const body = at + OPERATION_HEADER
      if (code === CODES.ok) this.confirmed(request)
      else if (code === CODES.pushed) this.pushed(request - IDLE_REQUESTS, bytes, body)
      else throw new Error(`the relay answered with code ${code}: ${bytes.readUInt16LE(body)}`)
      at = body + length
    }
  }

  private confirmed(request: number): void {
    if (request < ACK_FLAG) {
      if (request < IDLE_REQUESTS) this.events.stored(this.stored[request - 1] as number)
      return
    }
    const numbers = this.acks.get(request)
    this.acks.delete(request)
    if (numbers !== undefined) for (const number of numbers) this.events.acknowledged(number)
  }

  private pushed(box: number, bytes: Buffer, body: number): void {
    const cursor = bytes.readUInt32LE(body) + bytes.readUInt32LE(body + 4) * 2 ** 32
    const number = bytes.readUInt32LE(body + 8)
    this.events.delivered(number)
    const waiting = this.unacknowledged.get(box)
    if (waiting === undefined) this.unacknowledged.set(box, { cursor, numbers: [number] })
    else {
      waiting.cursor = cursor
      waiting.numbers.push(number)
    }
    if (this.flushing) return
    this.flushing = true
    setImmediate(() => this.acknowledge())
  }

  /** Cumulative: one for each box, with all that came in this turn; and credit for as many. */
  private acknowledge(): void {
    this.flushing = false
    for (const [box, { cursor, numbers }] of this.unacknowledged) {
      if (this.message.count >= MAX_OPERATIONS - 1) this.flush()
      const request = ACK_FLAG + (this.ackSequence++ & 0xfffff)
      this.acks.set(request, numbers)
      const at = this.message.length
      const out = begin(this.message, CODES.ack, ACK_BYTES, request)
      out.set(this.boxes[box] as Uint8Array, at + 8)
      out.writeUInt32LE(cursor % 2 ** 32, at + 40)
      out.writeUInt32LE(Math.floor(cursor / 2 ** 32), at + 44)
      this.credit(box, numbers.length)
    }
    this.unacknowledged.clear()
    this.flush()
  }

  /** Given back in lots, as the client library does. */
  private credit(box: number, count: number): void {
    const taken = (this.taken.get(box) ?? 0) + count
    if (taken < CREDIT_LOT) {
      this.taken.set(box, taken)
      return
    }
    this.taken.set(box, 0)
    const at = this.message.length
    const out = begin(this.message, 6, OPERATION_HEADER + 6, IDLE_REQUESTS + BOXES)
    out.writeUInt32LE(IDLE_REQUESTS + box, at + 8)
    out.writeUInt16LE(taken, at + 12)
  }

  private readonly taken = new Map<number, number>()
}

const WINDOW = 1024
const CREDIT_LOT = 512

/** Connects, opens and watches: the proofs are made with the relay's challenge. */
async function connect(
  port: number,
  index: number,
  keys: readonly KeyPair[],
  events: LoadEvents,
): Promise<Member> {
  const { raw, challenge } = await greet(port)
  const requests: Request[] = []
  for (let box = index; box < BOXES; box += CONNECTIONS) {
    const key = keys[box] as KeyPair
    const signature = crypto.ed25519.sign(key, openProof(challenge, HOST, key.publicKey))
    requests.push({ kind: 'open', request: box + 1, box: key.publicKey, signature })
    requests.push({ kind: 'watch', request: IDLE_REQUESTS + box, box: key.publicKey, window: WINDOW })
  }
  let answered = 0
  const all = new Promise<void>((resolve) => {
    raw.onMessage = (message) => {
      answered += message.readUInt16LE(1)
      if (answered >= requests.length) resolve()
    }
  })
  raw.socket.write(maskedFrame(encodeRequests(requests)))
  await all
  return new HyphaeMember(
    raw,
    events,
    keys.map(({ publicKey }) => publicKey),
  )
}

/** A connection that has said hello. */
export async function greet(
  port: number,
): Promise<{ readonly raw: RawSocket; readonly challenge: Uint8Array }> {
  let hello: (challenge: Uint8Array) => void = () => {}
  const challenge = new Promise<Uint8Array>((resolve) => {
    hello = resolve
  })
  const raw = await openWebSocket(port, (message) => hello(Uint8Array.from(message.subarray(12, 44))))
  return { raw, challenge: await challenge }
}

/** As the command sets it (src/operate/heap.ts), and the unit and the container of packages/relay/deploy. */
const NODE_FLAGS = ['--max-semi-space-size=32', '--heap-growing-percent=200']

export async function startRelayServer(folder: string): Promise<Server> {
  return startServer('relay', [folder], SERVER_CORE, NODE_FLAGS)
}

export async function hyphaeBroker(): Promise<Broker> {
  const folder = temporaryFolder()
  const server = await startRelayServer(folder.path)
  const keys = Array.from({ length: BOXES }, () => crypto.ed25519.generate())
  return {
    name: 'hyphae',
    pid: server.pid,
    connect: (index, events) => connect(server.port, index, keys, events),
    stop: async () => {
      await server.stop()
      folder.remove()
    },
  }
}
