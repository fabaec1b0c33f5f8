/** Bytes over a WebRTC data channel, which somebody else has negotiated: frames of Hyphae can carry offer and answer. */
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { createHolding } from './holding.js'
import { SEND_BUFFER_BYTES } from './limits.js'

/** What is used of the standard RTCDataChannel: reliable and ordered, as it is unless asked otherwise. */
export interface DataChannelLike {
  binaryType: string
  readonly readyState: string
  readonly ordered: boolean
  readonly bufferedAmount: number
  bufferedAmountLowThreshold: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onbufferedamountlow: ((event: never) => void) | null
  send(data: ArrayBuffer): void
  close(): void
}

/** The bytes and nothing beside them: what the types of browsers of all ages agree that a channel takes. */
function exactBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const end = byteOffset + byteLength
  return (byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, end)) as ArrayBuffer
}

/** For `LinkCarrier.attach`. */
export function dataChannelBytes(channel: DataChannelLike): (events: ByteEvents) => ByteSocket {
  return (events) => {
    let ended = false
    let early: Uint8Array[] = []
    let waiters: (() => void)[] = []
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = SEND_BUFFER_BYTES / 2
    const release = (): void => {
      const all = waiters
      waiters = []
      for (const done of all) done()
    }
    const end = (): void => {
      if (ended) return
      ended = true
      release()
      events.closed()
    }
    const close = (): void => {
      channel.close()
      end()
    }
    const holding = createHolding({}, events.received, close)
    channel.onbufferedamountlow = release
    channel.onclose = end
    channel.onopen = () => {
      for (const bytes of early) channel.send(exactBuffer(bytes))
      early = []
    }
    channel.onmessage = (event: { readonly data: unknown }) => {
      if (ended) return
      if (event.data instanceof ArrayBuffer) holding.take(new Uint8Array(event.data))
      else close()
    }
    // A record that overtakes another would look like one that was altered.
    if (!channel.ordered) queueMicrotask(close)
    const full = (): boolean => channel.bufferedAmount > SEND_BUFFER_BYTES
    return {
      write: (bytes) => {
        if (ended) return true
        if (channel.readyState === 'open') channel.send(exactBuffer(bytes))
        else if (channel.readyState === 'connecting') early.push(bytes.slice())
        // It is closing, and says so a turn later: until then nothing may be taken for sent.
        else end()
        return !full()
      },
      drained: () => (full() && !ended ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve()),
      pause: holding.pause,
      resume: holding.resume,
      close,
    }
  }
}
