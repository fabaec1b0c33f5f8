/** Frames to those who listen now: calls and presence. Nothing is stored, nothing comes twice. spec/relay.md 3.5. */
import { type IoOptions, isFrameSize, KEY_BYTES } from '@hyphae/core'
import { checkLength } from './check.js'
import { RelayCarrierError } from './errors.js'
import { type FeedContext, openFeed } from './feed.js'

export interface Channels {
  /** Passes a frame on to the listeners of the channel (32 bytes); resolves when the relay has done so. */
  announce(channel: Uint8Array, frame: Uint8Array, options?: IoOptions): Promise<void>
  /** What is announced from now on, until the signal fires. What a slow consumer has no room for is dropped. */
  listen(channel: Uint8Array, options?: IoOptions): AsyncIterable<Uint8Array>
}

export function createChannels(context: FeedContext): Channels {
  return {
    announce: async (channel, frame, { signal } = {}) => {
      checkLength(channel, KEY_BYTES, 'channel')
      if (!isFrameSize(frame.length))
        throw new RelayCarrierError('relay-carrier/bad-input', { details: { frameBytes: frame.length } })
      // Not repeated on another connection: by then it is late.
      await context.dialer.call({ kind: 'announce', channel, frame }, 'ok', { repeatable: false, signal })
    },
    listen: (channel, { signal } = {}) => {
      checkLength(channel, KEY_BYTES, 'channel')
      const id = channel.slice()
      return openFeed(
        context,
        {
          pushes: 'heard',
          window: 0,
          ask: () => ({ kind: 'listen', channel: id }),
          take: ({ frame }) => frame.slice(),
        },
        signal,
      )
    },
  }
}
