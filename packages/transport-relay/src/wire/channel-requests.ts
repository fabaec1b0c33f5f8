/** Sealed frames that are passed on and never stored, and what a relay offers. spec/relay.md sections 3.5 and 3.6. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import { readBytes, readRest, writeBytes } from './bytes.js'
import { assertFrame, type CodecTable, KEY_BYTES } from './operation.js'

/** Passes a frame to those who listen now. */
export interface AnnounceRequest {
  readonly kind: 'announce'
  readonly request: number
  /** 32 bytes; whoever knows it may announce and listen. */
  readonly channel: Uint8Array
  readonly frame: Uint8Array
}

/** Ends with `unwatch` of this request's number, or the connection. */
export interface ListenRequest {
  readonly kind: 'listen'
  readonly request: number
  readonly channel: Uint8Array
}

export interface DescribeRequest {
  readonly kind: 'describe'
  readonly request: number
}

export type ChannelRequest = AnnounceRequest | ListenRequest | DescribeRequest

export const CHANNEL_CODECS: CodecTable<ChannelRequest> = {
  announce: {
    code: 24,
    bodyBytes: ({ frame }) => KEY_BYTES + frame.length,
    write: (writer, { channel, frame }) => {
      writeBytes(writer, channel)
      writeBytes(writer, frame)
    },
    read: (reader, request) => ({
      kind: 'announce',
      request,
      channel: readBytes(reader, KEY_BYTES),
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  listen: {
    code: 25,
    bodyBytes: () => KEY_BYTES,
    write: (writer, { channel }) => writeBytes(writer, channel),
    read: (reader, request) => ({ kind: 'listen', request, channel: readBytes(reader, KEY_BYTES) }),
  },
  describe: {
    code: 26,
    bodyBytes: () => 0,
    write: () => {},
    read: (_reader, request) => ({ kind: 'describe', request }),
  },
}
