/**
 * Strict decoding over ts-mls's codecs, which ignore trailing bytes, accept longer length prefixes than
 * needed and return views into their input. Here the input is measured before it is copied, copied before
 * it is decoded, and accepted only when encoding the result gives the same bytes again.
 */
import { equalBytes } from '@hyphae/core'
import type { Decoder } from 'ts-mls'
import { type BufferEncoder, encode } from 'ts-mls/codec/tlsEncoder.js'
import { decodeMlsMessage, type MLSMessage, mlsMessageEncoder } from 'ts-mls/message.js'
import { MlsError, type MlsErrorCode } from './errors.js'

/** Encoder and decoder of one type, side by side. */
export interface Codec<T> {
  readonly encoder: BufferEncoder<T>
  readonly decode: Decoder<T>
}

/** The fields one after another, in the order in which they are named here. */
export function structOf<T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return {
    encoder: (value) => {
      const parts = names.map((name) => fields[name].encoder(value[name]))
      const write = (offset: number, buffer: ArrayBuffer): void => {
        let at = offset
        for (const [length, writePart] of parts) {
          writePart(at, buffer)
          at += length
        }
      }
      return [parts.reduce((sum, [length]) => sum + length, 0), write]
    },
    decode: (bytes, offset) => {
      const read: Partial<T> = {}
      let at = offset
      for (const name of names) {
        const part = fields[name].decode(bytes, at)
        if (part === undefined) return undefined
        read[name] = part[0]
        at += part[1]
      }
      return [read as T, at - offset]
    },
  }
}

/** @throws MlsError `mls/too-large` */
export function assertSize(input: Uint8Array, limit: number): void {
  if (input.length > limit) throw new MlsError('mls/too-large', { details: { length: input.length, limit } })
}

/** The encoding of `value`; arrays in it are copied. */
export function encodeExact<T>(encoder: BufferEncoder<T>, value: T): Uint8Array {
  return encode(encoder)(value)
}

/**
 * One canonical `T` and nothing else.
 * @throws MlsError `code` for anything else, `mls/too-large` beyond `limit` bytes
 */
export function decodeExact<T>(
  decoder: Decoder<T>,
  encoder: BufferEncoder<T>,
  input: Uint8Array,
  limit: number,
  code: MlsErrorCode,
): T {
  assertSize(input, limit)
  const copy = Uint8Array.from(input)
  try {
    const decoded = decoder(copy, 0)
    if (decoded !== undefined && equalBytes(encode(encoder)(decoded[0]), copy)) return decoded[0]
  } catch (cause) {
    throw new MlsError(code, { details: { length: input.length }, cause })
  }
  throw new MlsError(code, { details: { length: input.length } })
}

/** One MLSMessage (RFC 9420 section 6). */
export function decodeMessage(input: Uint8Array, limit: number, code: MlsErrorCode): MLSMessage {
  return decodeExact(decodeMlsMessage, mlsMessageEncoder, input, limit, code)
}

export function encodeMessage(message: MLSMessage): Uint8Array {
  return encode(mlsMessageEncoder)(message)
}
