/**
 * Records over one libp2p stream. Frames written in one turn leave together; a full stream holds its writers up; a reader
 * that is paused holds up the other side. Whatever the other side does wrong ends the stream, and nothing else.
 */
import { type Clock, plainBytes } from '@hyphae/core'
import type { Stream } from '@libp2p/interface'
import { Libp2pError } from './errors.js'
import { MAX_BATCH_BYTES, RECORD_TIMEOUT_MS } from './limits.js'
import { createRecordReader, encodeRecord, type RecordReader } from './wire.js'

export interface RecordEvents {
  /** May throw a Libp2pError, which ends the stream. */
  record(kind: number, body: Uint8Array): void
  /** Once, whoever ended it. */
  closed(): void
}

/** A live resource. */
export interface RecordStream {
  /** Resolves when the stream has taken it. @throws Libp2pError `libp2p/broken` */
  write(kind: number, body: Uint8Array): Promise<void>
  pause(): void
  resume(): void
  close(): void
  /** Ends it after what was written is away. */
  finish(): void
}

interface Write {
  readonly bytes: Uint8Array
  settle(error?: Libp2pError): void
}

interface State {
  readonly stream: Stream
  readonly events: RecordEvents
  readonly clock: Clock
  readonly reader: RecordReader
  readonly gone: AbortController
  waiting: Write[]
  /** A flush is due at the end of this turn, or the stream is full. */
  busy: boolean
  /** Records that have ended: tells whether an unfinished one makes progress. */
  records: number
  watching: boolean
  /** Paused by whoever reads. */
  held: boolean
  /** Paused until the end of this turn. */
  resting: boolean
  /** Inside `stream.resume()`. */
  resuming: boolean
}

/** After what a message has led to is done; browsers have none that is soon enough. */
const { setImmediate } = globalThis as { readonly setImmediate?: (act: () => void) => unknown }

export function recordStream(stream: Stream, clock: Clock, events: RecordEvents): RecordStream {
  const state: State = {
    stream,
    events,
    clock,
    reader: createRecordReader(),
    gone: new AbortController(),
    waiting: [],
    busy: false,
    records: 0,
    watching: false,
    held: false,
    resting: false,
    resuming: false,
  }
  stream.addEventListener('message', ({ data }) => {
    rest(state)
    receive(state, plainBytes(data instanceof Uint8Array ? data : data.subarray()))
  })
  stream.addEventListener('close', () => end(state))
  // A half-closed stream is of no use here: who has said all it will say has left.
  stream.addEventListener('remoteCloseWrite', () => {
    state.resting = false
    flow(state)
    end(state)
  })
  if (stream.status !== 'open') queueMicrotask(() => end(state))
  return {
    write: (kind, body) => write(state, encodeRecord(kind, body)),
    pause: () => {
      state.held = true
      flow(state)
    },
    resume: () => {
      state.held = false
      flow(state)
    },
    close: () => end(state),
    finish: () => {
      void stream.close().catch(() => end(state))
    },
  }
}

/**
 * Reads or does not, as it should be now. Never pauses a stream inside its `resume()`: that gives out what has come in,
 * and afterwards grants new bytes, paused or not, until the stream bursts (libp2p 3.3).
 */
function flow(state: State): void {
  const { stream, gone } = state
  if (gone.signal.aborted || state.resuming) return
  if (stream.readStatus === 'closed' || stream.readStatus === 'closing') return
  if (!state.held && !state.resting) {
    state.resuming = true
    stream.resume()
    state.resuming = false
  }
  if ((state.held || state.resting) && stream.readStatus === 'readable') stream.pause()
}

/**
 * Yamux grants new bytes with a frame of its own as soon as a message is read, before what answers it. While a stream is
 * paused it does not: so an answer given in the same turn leaves first, and many messages cost one grant.
 */
function rest(state: State): void {
  if (setImmediate === undefined || state.resting || state.resuming) return
  state.resting = true
  flow(state)
  setImmediate(() => {
    state.resting = false
    flow(state)
  })
}

function end(state: State): void {
  if (state.gone.signal.aborted) return
  state.gone.abort()
  const error = new Libp2pError('libp2p/broken')
  if (state.stream.status === 'open' || state.stream.status === 'closing') state.stream.abort(error)
  for (const { settle } of state.waiting.splice(0)) settle(error)
  state.events.closed()
}

function receive(state: State, bytes: Uint8Array): void {
  if (state.gone.signal.aborted) return
  try {
    state.reader.push(bytes, (kind, body) => {
      state.records += 1
      if (!state.gone.signal.aborted) state.events.record(kind, body)
    })
  } catch {
    end(state)
    return
  }
  if (state.reader.partial && !state.watching) void watchRecord(state)
}

/** A record that does not end in time ends the stream; while others end, each has its own time. */
async function watchRecord(state: State): Promise<void> {
  state.watching = true
  while (state.reader.partial && !state.gone.signal.aborted) {
    const before = state.records
    await state.clock.sleep(RECORD_TIMEOUT_MS, state.gone.signal, true).catch(() => {})
    if (state.stream.readStatus !== 'paused' && state.reader.partial && state.records === before) end(state)
  }
  state.watching = false
}

function write(state: State, bytes: Uint8Array): Promise<void> {
  if (state.gone.signal.aborted) return Promise.reject(new Libp2pError('libp2p/broken'))
  return new Promise((resolve, reject) => {
    const settle = (error?: Libp2pError): void => (error === undefined ? resolve() : reject(error))
    state.waiting.push({ bytes, settle })
    if (state.busy) return
    state.busy = true
    queueMicrotask(() => flush(state))
  })
}

function flush(state: State): void {
  state.busy = false
  while (state.waiting.length > 0) {
    const batch = takeBatch(state.waiting)
    try {
      if (!state.stream.send(joined(batch))) {
        hold(state, batch)
        return
      }
    } catch {
      state.waiting.unshift(...batch)
      end(state)
      return
    }
    for (const { settle } of batch) settle()
  }
}

/** Until the stream has room again the batch counts as waiting, though its bytes are the stream's. */
function hold(state: State, batch: readonly Write[]): void {
  state.busy = true
  drained(state).then(
    () => {
      for (const { settle } of batch) settle()
      flush(state)
    },
    () => {
      for (const { settle } of batch) settle(new Libp2pError('libp2p/broken'))
      end(state)
    },
  )
}

/**
 * Not `stream.onDrain()`: once a stream has drained, that resolves at once for ever (libp2p 3.3), and writers would fill
 * memory.
 */
async function drained({ stream, gone }: State): Promise<void> {
  while (stream.writableNeedsDrain) {
    await new Promise<void>((resolve, reject) => {
      const settle = (act: () => void) => (): void => {
        stream.removeEventListener('drain', onDrain)
        gone.signal.removeEventListener('abort', onGone)
        act()
      }
      const onDrain = settle(resolve)
      const onGone = settle(() => reject(new Libp2pError('libp2p/broken')))
      stream.addEventListener('drain', onDrain)
      gone.signal.addEventListener('abort', onGone)
      if (gone.signal.aborted) onGone()
    })
    // The stream goes on with what it holds in a microtask of its own, and may be full again then.
    await new Promise<void>((resolve) => queueMicrotask(resolve))
  }
}

function takeBatch(waiting: Write[]): Write[] {
  let bytes = 0
  let count = 0
  for (const write of waiting) {
    bytes += write.bytes.length
    if (count > 0 && bytes > MAX_BATCH_BYTES) break
    count += 1
  }
  return waiting.splice(0, count)
}

function joined(batch: readonly Write[]): Uint8Array {
  const [first] = batch
  if (batch.length === 1 && first !== undefined) return first.bytes
  const all = new Uint8Array(batch.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of batch) {
    all.set(bytes, at)
    at += bytes.length
  }
  return all
}
