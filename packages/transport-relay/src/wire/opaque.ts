/** Codecs of operations whose body another layer reads: payments, sealed requests, push tokens. */
import { readRest, writeBytes } from './bytes.js'
import type { Operation, OperationCodec } from './operation.js'

/** An operation whose body is bytes of some length. */
export interface OpaqueOperation<K extends string = string> extends Operation {
  readonly kind: K
  readonly bytes: Uint8Array
}

export function opaqueCodec<K extends string>(
  kind: K,
  code: number,
  { max, min = 0 }: { readonly max: number; readonly min?: number },
): OperationCodec<OpaqueOperation<K>> {
  return {
    code,
    bodyBytes: ({ bytes }) => bytes.length,
    write: (writer, { bytes }) => writeBytes(writer, bytes),
    read: (reader, request) => ({ kind, request, bytes: readRest(reader, max, min) }),
  }
}
