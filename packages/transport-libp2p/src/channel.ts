/**
 * A frame stream with one device (spec/libp2p.md, "Hello"): both sides say who they are, then frames. The acceptor's
 * welcome says that frames are heard; until it came, the opener sends none, so a stream that loses a race carries nothing.
 */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Stream } from '@libp2p/interface'
import { Libp2pError } from './errors.js'
import { type Hello, readHello } from './hello.js'
import { HANDSHAKE_TIMEOUT_MS } from './limits.js'
import { type RecordStream, recordStream } from './record-stream.js'
import { KIND_BUSY, KIND_FRAME, KIND_HELLO, KIND_WELCOME } from './wire.js'

/** A live resource. */
export interface Channel {
  /** True where this side has opened the stream. */
  readonly opener: boolean
  /** Resolves when the stream has taken it. @throws Libp2pError `libp2p/broken` */
  send(frame: Uint8Array): Promise<void>
  /** Stops and goes on reading. */
  pause(): void
  resume(): void
  close(): void
}

export type Outcome =
  | { readonly kind: 'open'; readonly channel: Channel; readonly hello: Hello }
  /** The other side has, or is about to have, another stream with us. */
  | { readonly kind: 'busy'; readonly hello: Hello }

export interface ChannelOptions {
  readonly stream: Stream
  readonly clock: Clock
  readonly crypto: Pick<CryptoProvider, 'ed25519'>
  /** Of the other side, as libp2p has proved it. */
  readonly peerId: Uint8Array
  readonly opener: boolean
  /** What this side says about itself; asked when it is said. */
  readonly hello: (device?: string) => Uint8Array
  /** Judges the other side's hello, and takes the channel over when it is good. @throws Libp2pError `libp2p/wrong-peer` */
  readonly admit: (channel: Channel, hello: Hello) => 'open' | 'busy'
  readonly frame: (channel: Channel, frame: Uint8Array) => void
  /** Once, also when the hello fails. */
  readonly closed: (channel: Channel) => void
}

interface Opening {
  readonly options: ChannelOptions
  readonly channel: Channel
  readonly records: () => RecordStream
  resolve(outcome: Outcome): void
}

/** @throws Libp2pError `libp2p/broken`, `libp2p/wrong-peer`, `libp2p/unreachable` */
export function openChannel(options: ChannelOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const over = new AbortController()
    const settle = (act: () => void): void => {
      over.abort()
      act()
    }
    let open = false
    const records: RecordStream = recordStream(options.stream, options.clock, {
      record: (kind, body) => {
        if (open && kind === KIND_FRAME) {
          options.frame(channel, body)
          return
        }
        try {
          if (open) throw new Libp2pError('libp2p/broken')
          open = answer(opening, kind, body)
        } catch (error) {
          settle(() => reject(error))
          throw error
        }
      },
      closed: () => {
        settle(() => reject(new Libp2pError('libp2p/broken')))
        options.closed(channel)
      },
    })
    const channel: Channel = {
      opener: options.opener,
      send: (frame) => records.write(KIND_FRAME, frame),
      pause: records.pause,
      resume: records.resume,
      close: records.close,
    }
    const opening: Opening = {
      options,
      channel,
      records: () => records,
      resolve: (outcome) => settle(() => resolve(outcome)),
    }
    if (options.opener) records.write(KIND_HELLO, options.hello()).catch(() => {})
    options.clock.sleep(HANDSHAKE_TIMEOUT_MS, over.signal, true).then(
      () => {
        reject(new Libp2pError('libp2p/unreachable'))
        records.close()
      },
      () => {},
    )
  })
}

/** Takes the other side's first record; true when frames may follow. */
function answer({ options, channel, records, resolve }: Opening, kind: number, body: Uint8Array): boolean {
  const hello = readHello(options.crypto, options.peerId, body)
  if (options.opener) {
    if (kind === KIND_BUSY) {
      resolve({ kind: 'busy', hello })
      records().close()
      return false
    }
    if (kind !== KIND_WELCOME) throw new Libp2pError('libp2p/broken')
    options.admit(channel, hello)
    resolve({ kind: 'open', channel, hello })
    return true
  }
  if (kind !== KIND_HELLO) throw new Libp2pError('libp2p/broken')
  const verdict = options.admit(channel, hello)
  const reply = verdict === 'open' ? KIND_WELCOME : KIND_BUSY
  records()
    .write(reply, options.hello(hello.device))
    .catch(() => {})
  resolve(verdict === 'open' ? { kind: 'open', channel, hello } : { kind: 'busy', hello })
  if (verdict === 'busy') records().finish()
  return verdict === 'open'
}
