/**
 * Stocks of one-time items (spec/libp2p.md, "Stock"). A DHT cannot hand an item out once, so a stock lies at the node of
 * its owner, which answers while it is there; the DHT says which node that is.
 */
import {
  type Clock,
  type Directory,
  type IoOptions,
  isHyphaeError,
  type StockItem,
  silentLogger,
  toHex,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { verifyStockUpload } from '@hyphae/tlv'
import { memoryNetwork } from '@hyphae/transport'
import type { Stream } from '@libp2p/interface'
import { aborted } from './abort.js'
import { deadline } from './deadline.js'
import { Libp2pError } from './errors.js'
import { MAX_COUNTED_PEERS, MAX_TAKES_PER_MINUTE, STOCK_TIMEOUT_MS } from './limits.js'
import {
  decodeStockAnswer,
  decodeStockQuestion,
  encodeStockAnswer,
  encodeStockQuestion,
  readAll,
  type StockAnswer,
  type StockQuestion,
} from './stock-wire.js'

export type StockDirectory = Pick<Directory, 'stock' | 'take' | 'remaining'>

export interface StockContext {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  /** Says in the DHT that this node keeps the stock. */
  readonly provide: (stock: Uint8Array) => Promise<void>
  /** A stream with each node that says it keeps the stock; may be empty. */
  readonly keepers: (stock: Uint8Array, signal: AbortSignal) => AsyncIterable<Stream>
  readonly closed: AbortSignal
}

export interface StockTable extends StockDirectory {
  /** Answers another node's question. `peer` names it. */
  serve(stream: Stream, peer: string): Promise<void>
}

/** What a stock is found under: the owner's key alone does not show. */
function stockName(
  crypto: CryptoProvider,
  { writer, kind }: Pick<StockQuestion, 'writer' | 'kind'>,
): Uint8Array {
  return crypto.hmacSha256(writer, Uint8Array.of(kind))
}

export async function createStock(context: StockContext): Promise<StockTable> {
  const { crypto, clock } = context
  const checks = {
    stock: (upload: Parameters<typeof verifyStockUpload>[1]) => verifyStockUpload(crypto, upload),
  }
  const memory = await memoryNetwork({ checks })()({ clock, logger: silentLogger })
  const kept = memory.directory as Directory
  const own = new Set<string>()
  const takes = takeCounter(clock)
  const isOwn = ({ writer }: StockQuestion): boolean => own.has(toHex(writer))
  return {
    stock: async (upload, options) => {
      check(context, options)
      await kept.stock(upload).catch(translate)
      own.add(toHex(upload.writer))
      await context.provide(stockName(crypto, upload))
    },
    take: async (writer, kind, options) => {
      check(context, options)
      const question: StockQuestion = { ask: 'take', writer, kind }
      return isOwn(question) ? kept.take(writer, kind) : takeFrom(context, question, options)
    },
    remaining: async (writer, kind, options) => {
      check(context, options)
      const question: StockQuestion = { ask: 'remaining', writer, kind }
      return isOwn(question) ? kept.remaining(writer, kind) : countAt(context, question, options)
    },
    serve: async (stream, peer) => {
      const question = decodeStockQuestion(await readAll(stream, clock))
      const answer = takes(question, peer) && isOwn(question) ? await answerOf(kept, question) : NONE
      stream.send(encodeStockAnswer(answer))
      await stream.close()
    },
  }
}

const NONE: StockAnswer = { kind: 'none' }

function check({ closed }: StockContext, options: IoOptions | undefined): void {
  if (closed.aborted) throw new Libp2pError('libp2p/closed')
  if (options?.signal?.aborted) throw aborted(options.signal)
}

/** What the memory directory says, in words of this package. */
function translate(error: unknown): never {
  const code = isHyphaeError(error) ? error.code : ''
  if (code === 'transport/stale') throw new Libp2pError('libp2p/stale', { cause: error })
  if (code === 'transport/full') throw new Libp2pError('libp2p/full', { cause: error })
  throw new Libp2pError('libp2p/bad-record', { cause: error })
}

async function answerOf(kept: Directory, { ask, writer, kind }: StockQuestion): Promise<StockAnswer> {
  if (ask === 'remaining') return { kind: 'count', count: await kept.remaining(writer, kind) }
  const found = await kept.take(writer, kind)
  return found === undefined ? NONE : { kind: 'item', ...found }
}

/** False when a peer has taken as many as it may in this minute. */
function takeCounter(clock: Clock): (question: StockQuestion, peer: string) => boolean {
  const counts = new Map<string, number>()
  let minute = 0
  return ({ ask }, peer) => {
    if (ask !== 'take') return true
    const now = Math.floor(clock.now() / 60_000)
    if (now !== minute) counts.clear()
    minute = now
    const count = (counts.get(peer) ?? 0) + 1
    counts.set(peer, count)
    for (const name of counts.keys()) if (counts.size > MAX_COUNTED_PEERS) counts.delete(name)
    return count <= MAX_TAKES_PER_MINUTE
  }
}

/** One keeper after the other, so that no item is taken in vain; a last resort is used when no item came. */
async function takeFrom(
  context: StockContext,
  question: StockQuestion,
  options: IoOptions | undefined,
): Promise<StockItem | undefined> {
  let last: StockItem | undefined
  for await (const answer of ask(context, question, options)) {
    if (answer.kind !== 'item') continue
    const { item, lastResort } = answer
    if (!lastResort) return { item, lastResort }
    last ??= { item, lastResort }
  }
  return last
}

async function countAt(
  context: StockContext,
  question: StockQuestion,
  options: IoOptions | undefined,
): Promise<number> {
  let count = 0
  for await (const answer of ask(context, question, options))
    if (answer.kind === 'count') count += answer.count
  return count
}

async function* ask(
  context: StockContext,
  question: StockQuestion,
  options: IoOptions | undefined,
): AsyncGenerator<StockAnswer, void, undefined> {
  const { crypto, clock, keepers, closed } = context
  const limit = deadline(clock, 2 * STOCK_TIMEOUT_MS, options?.signal, closed)
  try {
    for await (const stream of keepers(stockName(crypto, question), limit.signal)) {
      const answer = await askOne(clock, stream, question).catch(() => NONE)
      if (options?.signal?.aborted) throw aborted(options.signal)
      yield answer
    }
  } finally {
    limit.done()
  }
}

async function askOne(clock: Clock, stream: Stream, question: StockQuestion): Promise<StockAnswer> {
  const answer = readAll(stream, clock)
  answer.catch(() => {})
  stream.send(encodeStockQuestion(question))
  await stream.close()
  return decodeStockAnswer(await answer)
}
