/**
 * One connection between two devices: the handshake (noise.ts, identity.ts), then frames in sealed records. Whatever the
 * other side does wrong ends the connection, and nothing else.
 *
 *     record = length u16 | ChaCha20-Poly1305(kind u8 | frame), the counter as nonce, no associated data
 *
 * The responder's first record says that the initiator is welcome: until then an initiator knows only that somebody with
 * the right key has answered, not that it will be listened to.
 */
import { type Clock, isFrameSize, utf8 } from '@hyphae/core'
import type { CryptoProvider, X25519PrivateKey } from '@hyphae/crypto'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import { readIdentity } from './identity.js'
import {
  HANDSHAKE_TIMEOUT_MS,
  MAX_HANDSHAKE_BYTES,
  MAX_RECORD_BYTES,
  RECORD_TIMEOUT_MS,
  SLOW_FACTOR,
} from './limits.js'
import {
  type HandshakeState,
  readFirst,
  readSecond,
  readThird,
  type Transport,
  writeFirst,
  writeSecond,
  writeThird,
} from './noise.js'
import { createRecordCipher, type RecordCipher } from './record-cipher.js'
import { createRecordReader, prefixed } from './record-reader.js'

const PROLOGUE = utf8('hyphae link 1')
const KIND_FRAME = 1
/** From the responder, once, as its first record: the initiator is welcome. */
const KIND_WELCOME = 2
const EMPTY = new Uint8Array()

/** What every connection of one device shares. */
export interface Party {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly statics: X25519PrivateKey
  /** From `makeIdentity`. */
  readonly identity: Uint8Array
}

export interface ChannelOptions {
  readonly party: Party
  readonly role: 'initiator' | 'responder'
  readonly open: (events: ByteEvents) => ByteSocket
  /** Whether this device may be spoken with. */
  readonly accept: (peer: string) => boolean
  readonly frame: (frame: Uint8Array) => void
  /** Once, also when the handshake fails. */
  readonly closed: () => void
}

/** A live resource. */
export interface Channel {
  /** Device id of the other side, proved. */
  readonly peer: string
  /** Resolves when the socket has taken it. @throws LinkError `link/bad-frame`, `link/broken`, `link/exhausted` */
  send(frame: Uint8Array): Promise<void>
  /** Stops and goes on reading. */
  pause(): void
  resume(): void
  close(): void
}

interface State {
  readonly options: ChannelOptions
  socket: ByteSocket | undefined
  handshake: HandshakeState | undefined
  send: RecordCipher | undefined
  receive: RecordCipher | undefined
  peer: string | undefined
  welcome: boolean
  ended: boolean
  /** Whether the time of an unfinished record is being watched. */
  watching: boolean
  /** Fires with the end. */
  readonly gone: AbortController
  settle: (error?: LinkError) => void
}

/** Resolves when the other side has proved who it is. @throws LinkError `link/broken`, `link/wrong-peer`, `link/unreachable` */
export function openChannel(options: ChannelOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const over = new AbortController()
    const state: State = {
      options,
      socket: undefined,
      handshake: undefined,
      send: undefined,
      receive: undefined,
      peer: undefined,
      welcome: options.role === 'responder',
      ended: false,
      watching: false,
      gone: new AbortController(),
      settle: (error) => {
        over.abort()
        if (error === undefined) resolve(channelOf(state))
        else reject(error)
      },
    }
    start(state)
    options.party.clock.sleep(patience(state, HANDSHAKE_TIMEOUT_MS), over.signal, true).then(
      () => end(state, new LinkError('link/unreachable')),
      () => {},
    )
  })
}

function patience({ socket }: State, milliseconds: number): number {
  return socket?.slow === true ? milliseconds * SLOW_FACTOR : milliseconds
}

function start(state: State): void {
  const { open } = state.options
  const reader = createRecordReader()
  const limit = (): number => (state.receive === undefined ? MAX_HANDSHAKE_BYTES : MAX_RECORD_BYTES)
  state.socket = open({
    received: (bytes) => {
      if (state.ended) return
      try {
        reader.push(bytes, limit, (record) => take(state, record))
      } catch (error) {
        end(state, error instanceof LinkError ? error : new LinkError('link/broken', { cause: error }))
        return
      }
      if (reader.partial && !state.watching) void watchRecord(state, reader)
    },
    closed: () => end(state, new LinkError('link/unreachable')),
  })
  if (state.ended) state.socket.close()
  else if (state.options.role === 'initiator') greet(state)
}

/** A record that does not end in time ends the connection; while others end, each has its own time. */
async function watchRecord(state: State, reader: { readonly partial: boolean }): Promise<void> {
  const { clock } = state.options.party
  state.watching = true
  while (reader.partial && !state.ended) {
    const before = state.receive?.counter
    await clock.sleep(patience(state, RECORD_TIMEOUT_MS), state.gone.signal, true).catch(() => {})
    if (reader.partial && state.receive?.counter === before) end(state, new LinkError('link/broken'))
  }
  state.watching = false
}

function end(state: State, error: LinkError): void {
  if (state.ended) return
  state.ended = true
  state.gone.abort()
  state.socket?.close()
  state.settle(error)
  state.options.closed()
}

/** A message of the handshake: too short for any socket to be full. */
function write(state: State, message: Uint8Array): void {
  state.socket?.write(prefixed(message))
}

function keysOf({ crypto, statics }: Party): { statics: X25519PrivateKey; ephemeral: X25519PrivateKey } {
  return { statics, ephemeral: crypto.x25519.generate() }
}

function greet(state: State): void {
  const { party } = state.options
  const first = writeFirst(party.crypto, PROLOGUE, keysOf(party))
  state.handshake = first.state
  write(state, first.message)
}

function take(state: State, record: Uint8Array): void {
  if (state.ended) return
  if (state.receive !== undefined) receive(state, state.receive, record)
  else if (state.options.role === 'initiator') answerSecond(state, record)
  else if (state.handshake === undefined) answerFirst(state, record)
  else finish(state, record)
}

function answerFirst(state: State, record: Uint8Array): void {
  const { party } = state.options
  const first = readFirst(party.crypto, PROLOGUE, keysOf(party), record)
  const second = writeSecond(party.crypto, first, party.identity)
  state.handshake = second.state
  write(state, second.message)
}

function answerSecond(state: State, record: Uint8Array): void {
  const { party } = state.options
  const second = readSecond(party.crypto, state.handshake as HandshakeState, record)
  admit(state, second.statics, second.payload)
  const third = writeThird(party.crypto, second.state, party.identity)
  write(state, third.message)
  ready(state, third.transport)
}

function finish(state: State, record: Uint8Array): void {
  const { crypto } = state.options.party
  const third = readThird(crypto, state.handshake as HandshakeState, record)
  admit(state, third.statics, third.payload)
  ready(state, third.transport)
}

/** Only who has proved to be welcome learns who we are, when we have dialled. */
function admit(state: State, statics: Uint8Array, identity: Uint8Array): void {
  const peer = readIdentity(state.options.party.crypto, statics, identity)
  if (!state.options.accept(peer)) throw new LinkError('link/wrong-peer')
  state.peer = peer
}

function ready(state: State, { send, receive }: Transport): void {
  state.handshake = undefined
  const { crypto } = state.options.party
  state.send = createRecordCipher(crypto, send)
  state.receive = createRecordCipher(crypto, receive)
  if (!state.welcome) return
  state.socket?.write(state.send.seal(KIND_WELCOME, EMPTY))
  state.settle()
}

function receive(state: State, cipher: RecordCipher, record: Uint8Array): void {
  const plaintext = cipher.open(record)
  if (plaintext === null) throw new LinkError('link/broken')
  if (state.welcome) {
    if (plaintext[0] !== KIND_FRAME || !isFrameSize(plaintext.length - 1)) throw new LinkError('link/broken')
    state.options.frame(plaintext.subarray(1))
    return
  }
  if (plaintext[0] !== KIND_WELCOME || plaintext.length !== 1) throw new LinkError('link/broken')
  state.welcome = true
  state.settle()
}

function channelOf(state: State): Channel {
  return {
    peer: state.peer as string,
    send: (frame) => send(state, frame),
    pause: () => state.socket?.pause(),
    resume: () => state.socket?.resume(),
    close: () => end(state, new LinkError('link/closed')),
  }
}

const TAKEN: Promise<void> = Promise.resolve()

/** Synchronous while the socket has room: a promise for each frame would cost a fifth of sending it. */
function send(state: State, frame: Uint8Array): Promise<void> {
  const { send: cipher, socket } = state
  try {
    if (!isFrameSize(frame.length))
      throw new LinkError('link/bad-frame', { details: { bytes: frame.length } })
    if (state.ended || cipher === undefined || socket === undefined) throw new LinkError('link/broken')
    if (!socket.write(cipher.seal(KIND_FRAME, frame))) return waitForRoom(state, socket)
    // Writing may have been how the end showed itself.
    if (state.ended as boolean) throw new LinkError('link/broken')
    return TAKEN
  } catch (error) {
    return Promise.reject(error)
  }
}

async function waitForRoom(state: State, socket: ByteSocket): Promise<void> {
  await socket.drained()
  if (state.ended) throw new LinkError('link/broken')
}
