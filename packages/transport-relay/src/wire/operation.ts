/** What a codec of one operation is: its code, and encoder and decoder side by side. */
import { isFrameSize } from '@hyphae/core'
import { malformed, type WireReader, type WireWriter } from './bytes.js'

export const KEY_BYTES = 32
export const ID_BYTES = 16
export const HASH_BYTES = 32
export const SIGNATURE_BYTES = 64

/** Every operation names the request it is or answers. */
export interface Operation {
  readonly kind: string
  /** u32; 0 for what the relay says unasked. */
  readonly request: number
}

export interface OperationCodec<T extends Operation> {
  readonly code: number
  bodyBytes(operation: T): number
  write(writer: WireWriter, operation: T): void
  /** Must consume the reader to its end. @throws RelayCarrierError `relay-carrier/malformed` */
  read(reader: WireReader, request: number): T
}

/** One codec for each kind of a union. */
export type CodecTable<U extends Operation> = {
  readonly [K in U['kind']]: OperationCodec<Extract<U, { kind: K }>>
}

export function assertFrame(frame: Uint8Array): Uint8Array {
  if (!isFrameSize(frame.length)) throw malformed('bad-frame-size', { length: frame.length })
  return frame
}
