/**
 * Questions about a stock, one to a stream (spec/libp2p.md, "Stock").
 *
 *     question = ask u8 (1 take, 2 remaining) | kind u8 | writer 32
 *     answer   = 0 | 1 item | 2 last resort | 3 count u32
 */
import { type Clock, concatBytes } from '@hyphae/core'
import type { Stream } from '@libp2p/interface'
import { deadline } from './deadline.js'
import { Libp2pError } from './errors.js'
import { MAX_STOCK_ANSWER_BYTES, STOCK_TIMEOUT_MS } from './limits.js'

const QUESTION_BYTES = 2 + 32

export interface StockQuestion {
  readonly ask: 'take' | 'remaining'
  readonly writer: Uint8Array
  readonly kind: number
}

export type StockAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'item'; readonly item: Uint8Array; readonly lastResort: boolean }
  | { readonly kind: 'count'; readonly count: number }

export function encodeStockQuestion({ ask, writer, kind }: StockQuestion): Uint8Array {
  return concatBytes(Uint8Array.of(ask === 'take' ? 1 : 2, kind), writer)
}

/** @throws Libp2pError `libp2p/broken` */
export function decodeStockQuestion(bytes: Uint8Array): StockQuestion {
  const [ask, kind] = bytes
  if (bytes.length !== QUESTION_BYTES || (ask !== 1 && ask !== 2)) throw new Libp2pError('libp2p/broken')
  return { ask: ask === 1 ? 'take' : 'remaining', kind: kind as number, writer: bytes.slice(2) }
}

export function encodeStockAnswer(answer: StockAnswer): Uint8Array {
  if (answer.kind === 'none') return Uint8Array.of(0)
  if (answer.kind === 'item') return concatBytes(Uint8Array.of(answer.lastResort ? 2 : 1), answer.item)
  const bytes = new Uint8Array(5)
  bytes[0] = 3
  new DataView(bytes.buffer).setUint32(1, answer.count, true)
  return bytes
}

/** @throws Libp2pError `libp2p/broken` */
export function decodeStockAnswer(bytes: Uint8Array): StockAnswer {
  const [kind] = bytes
  if (kind === 0 && bytes.length === 1) return { kind: 'none' }
  if ((kind === 1 || kind === 2) && bytes.length > 1 && bytes.length <= MAX_STOCK_ANSWER_BYTES)
    return { kind: 'item', item: bytes.slice(1), lastResort: kind === 2 }
  if (kind !== 3 || bytes.length !== 5) throw new Libp2pError('libp2p/broken')
  return { kind: 'count', count: new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true) }
}

/** Everything the other side says, until it has said all. @throws Libp2pError `libp2p/broken` when it says too much or too slowly */
export async function readAll(stream: Stream, clock: Clock): Promise<Uint8Array> {
  const limit = deadline(clock, STOCK_TIMEOUT_MS)
  const stop = (): void => stream.abort(new Libp2pError('libp2p/broken'))
  limit.signal.addEventListener('abort', stop, { once: true })
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const data of stream) {
      const part = data instanceof Uint8Array ? data : data.subarray()
      bytes += part.length
      if (bytes > MAX_STOCK_ANSWER_BYTES) {
        stop()
        throw new Libp2pError('libp2p/broken')
      }
      parts.push(part)
    }
  } finally {
    limit.done()
  }
  return concatBytes(...parts)
}
