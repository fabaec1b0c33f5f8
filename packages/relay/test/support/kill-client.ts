/** A sender and reader on one bare WebSocket, as fast as the relay: it lives as long as the relay does. */
import { once } from 'node:events'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  decodeReplies,
  encodeRequests,
  openProof,
  type PushedReply,
  type Reply,
  type Request,
} from '@hyphae/transport-relay/wire'
import { WebSocket } from 'ws'
import { idOf, type Ledger, noteDelivered } from './kill-ledger.js'

/** Puts on their way for each box. */
const WINDOW = 8
const FRAME_BYTES = 512
/** Of what is delivered, this part is acknowledged at once: something stays to be lost. */
const ACKNOWLEDGED = 0.5

type Unnumbered<R> = R extends Request ? Omit<R, 'request'> : never

export interface KillClient {
  /** Answers to puts. */
  readonly answered: () => number
  readonly closed: Promise<void>
  /** Puts no more; what is on its way still counts. */
  rest(): void
  /** Everything that waits in a box. */
  fetch(ledger: Ledger): Promise<Set<string>>
  close(): void
}

class Client implements KillClient {
  readonly closed: Promise<void>
  private readonly socket: WebSocket
  private readonly ledgers: readonly Ledger[]
  private readonly waiting = new Map<number, (reply: Reply) => void>()
  private readonly watches = new Map<number, Ledger>()
  private outgoing: Request[] = []
  private next = 1
  private puts = 0
  private resting = false

  constructor(socket: WebSocket, ledgers: readonly Ledger[]) {
    this.socket = socket
    this.ledgers = ledgers
    this.closed = once(socket, 'close').then(() => {})
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => this.receive(data))
  }

  answered(): number {
    return this.puts
  }

  rest(): void {
    this.resting = true
  }

  close(): void {
    this.socket.terminate()
  }

  async fetch({ box }: Ledger): Promise<Set<string>> {
    const here = new Set<string>()
    for (let after = 0, more = true; more; ) {
      const reply = await new Promise<Reply>((resolve, reject) => {
        this.closed.then(() => reject(new Error('closed')))
        this.ask({ kind: 'fetch', box: box.id, after, limit: 1000 }, resolve)
      })
      if (reply.kind !== 'deliveries') throw new Error(`fetch was answered with ${reply.kind}`)
      for (const { frame, cursor } of reply.deliveries) {
        here.add(idOf(frame))
        after = cursor
      }
      more = reply.more
    }
    return here
  }

  private ask(request: Unnumbered<Request>, answered: (reply: Reply) => void): number {
    const number = this.next++
    this.waiting.set(number, answered)
    if (this.outgoing.length === 0) setImmediate(() => this.flush())
    this.outgoing.push({ ...request, request: number } as Request)
    return number
  }

  private flush(): void {
    const requests = this.outgoing
    this.outgoing = []
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encodeRequests(requests))
  }

  private receive(data: Buffer): void {
    for (const reply of decodeReplies(data)) {
      if (reply.kind === 'hello') this.begin(reply.challenge)
      else if (reply.kind === 'pushed') this.pushed(reply)
      else {
        this.waiting.get(reply.request)?.(reply)
        this.waiting.delete(reply.request)
      }
    }
  }

  private begin(challenge: Uint8Array): void {
    for (const ledger of this.ledgers) {
      const { box, open } = ledger
      const signature = box.sign(openProof(challenge, '127.0.0.1', box.id))
      this.ask({ kind: 'open', box: box.id, signature }, expectOk)
      this.watches.set(this.ask({ kind: 'watch', box: box.id, window: 1024 }, expectOk), ledger)
      for (const frame of open.values()) this.put(ledger, frame)
      for (let n = open.size; n < WINDOW; n++) this.putNew(ledger)
    }
  }

  private putNew(ledger: Ledger): void {
    const frame = crypto.randomBytes(FRAME_BYTES)
    ledger.open.set(idOf(frame), frame)
    this.put(ledger, frame)
  }

  private put(ledger: Ledger, frame: Uint8Array): void {
    const put = { kind: 'put', box: ledger.box.id, id: frame.slice(0, 16), frame } as const
    this.ask(put, (reply) => {
      if (reply.kind !== 'ok') return
      this.puts += 1
      ledger.open.delete(idOf(frame))
      ledger.stored.add(idOf(frame))
      if (!this.resting) this.putNew(ledger)
    })
  }

  private pushed({ request, cursor, frame }: PushedReply): void {
    const ledger = this.watches.get(request)
    if (ledger === undefined) throw new Error('a push for no watch')
    noteDelivered(ledger, cursor, frame)
    this.ask({ kind: 'credit', watch: request, count: 1 }, expectOk)
    if (Math.random() > ACKNOWLEDGED) return
    ledger.asked = Math.max(ledger.asked, cursor)
    this.ask({ kind: 'ack', box: ledger.box.id, cursor }, (reply) => {
      if (reply.kind === 'ok') ledger.confirmed = Math.max(ledger.confirmed, cursor)
    })
  }
}

function expectOk(reply: Reply): void {
  if (reply.kind !== 'ok') throw new Error(`expected ok, got ${JSON.stringify(reply)}`)
}

export function openKillClient(url: string, ledgers: readonly Ledger[]): KillClient {
  return new Client(new WebSocket(url, { perMessageDeflate: false }), ledgers)
}
