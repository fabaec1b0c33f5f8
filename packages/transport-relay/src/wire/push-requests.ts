/** Push: who is to be woken, without saying who it is. spec/relay-push.md section 2. */
import { MAX_HOST_BYTES } from '../limits.js'
import { malformed, readBytes, readU8, writeBytes, writeU8 } from './bytes.js'
import { type OpaqueOperation, opaqueCodec } from './opaque.js'
import { type CodecTable, KEY_BYTES } from './operation.js'

/** A subscription sealed to a push gateway, always as long. */
export const PUSH_TOKEN_BYTES = 1024

/** The keys of a gateway. Empty body. */
export type PushOfferRequest = OpaqueOperation<'push-offer'>

/** Wakes the owner of a box when mail comes. The box must be open on this connection. */
export interface PushRegisterRequest {
  readonly kind: 'push-register'
  readonly request: number
  readonly box: Uint8Array
  /** Host and port of the gateway as in its URL; empty: this relay. */
  readonly gateway: Uint8Array
  /** 1,024 bytes. */
  readonly token: Uint8Array
}

/** The box must be open on this connection. */
export interface PushUnregisterRequest {
  readonly kind: 'push-unregister'
  readonly request: number
  readonly box: Uint8Array
}

/** From a relay to a gateway: wake whoever sealed this token. */
export type PushWakeRequest = OpaqueOperation<'push-wake'>

export type PushRequest = PushOfferRequest | PushRegisterRequest | PushUnregisterRequest | PushWakeRequest

export const PUSH_CODECS: CodecTable<PushRequest> = {
  'push-offer': opaqueCodec('push-offer', 52, { max: 0 }),
  'push-register': {
    code: 53,
    bodyBytes: ({ gateway }) => KEY_BYTES + 1 + gateway.length + PUSH_TOKEN_BYTES,
    write: (writer, { box, gateway, token }) => {
      writeBytes(writer, box)
      writeU8(writer, gateway.length)
      writeBytes(writer, gateway)
      writeBytes(writer, token)
    },
    read: (reader, request) => {
      const box = readBytes(reader, KEY_BYTES)
      const length = readU8(reader)
      if (length > MAX_HOST_BYTES) throw malformed('bad-length', { length })
      const gateway = readBytes(reader, length)
      return { kind: 'push-register', request, box, gateway, token: readBytes(reader, PUSH_TOKEN_BYTES) }
    },
  },
  'push-unregister': {
    code: 54,
    bodyBytes: () => KEY_BYTES,
    write: (writer, { box }) => writeBytes(writer, box),
    read: (reader, request) => ({ kind: 'push-unregister', request, box: readBytes(reader, KEY_BYTES) }),
  },
  'push-wake': opaqueCodec('push-wake', 55, { max: PUSH_TOKEN_BYTES, min: PUSH_TOKEN_BYTES }),
}
