/**
 * The directory over a link (spec/link-mailbox.md, section 7): each node keeps what it publishes itself, and is asked for
 * it. Answers are unverified, like all that a carrier brings.
 */
import { concatBytes, type Directory, type StockItem, toHex } from '@hyphae/core'
import { TransportError } from '../errors.js'
import { MAX_ANSWER_BYTES, MAX_ITEM_BYTES, MAX_TAKES_PER_MINUTE } from '../limits.js'
import { createDirectoryTable, type DirectoryChecks, type DirectoryTable } from '../memory-directory.js'
import { ready } from '../memory-mailbox.js'
import { decodeCount, decodeItem, decodeRecords, encodeCount, encodeItem, encodeRecords } from './answer.js'
import { CONTROL_OVERHEAD } from './control.js'
import { ANSWER_HEAD_BYTES, type MessageOf } from './message.js'
import { airMs, answerMs, largestFrame, type Peer, type Post, say } from './post.js'

type Question = Omit<MessageOf<'lookup'>, 'request'> | Omit<MessageOf<'take' | 'count'>, 'request'>

export interface Questions {
  readonly directory: Directory
  onQuestion(peer: Peer, message: MessageOf<'lookup' | 'take' | 'count'>): void
  /** @throws TransportError `transport/bad-message` */
  onAnswer(peer: Peer, message: MessageOf<'answer'>): void
}

interface Asked {
  readonly peer: Peer
  readonly parts: Map<number, Uint8Array>
  bytes: number
  count: number | undefined
  /** Undefined: the peer is gone, or has said what is no answer. */
  done(answer: Uint8Array | undefined): void
}

interface State {
  readonly post: Post
  readonly own: DirectoryTable
  readonly stocks: Set<string>
  readonly met: (signal: AbortSignal) => Promise<void>
  readonly asked: Map<number, Asked>
  /** The last answer to each peer, for a question that is asked again. */
  readonly answered: WeakMap<Peer, { readonly request: number; readonly answer: Uint8Array }>
  readonly takes: WeakMap<Peer, { readonly minute: number; count: number }>
  requests: number
}

const NOTHING = new Uint8Array()

export function createQuestions(post: Post, met: State['met'], checks: DirectoryChecks): Questions {
  const state: State = {
    post,
    met,
    own: createDirectoryTable(checks),
    stocks: new Set(),
    asked: new Map(),
    answered: new WeakMap(),
    takes: new WeakMap(),
    requests: 0,
  }
  post.onLost.add((peer) => {
    for (const open of state.asked.values()) if (open.peer === peer) open.done(undefined)
  })
  return {
    directory: directoryOf(state),
    onQuestion: (peer, message) => answer(state, peer, message),
    onAnswer: (peer, message) => collect(state, peer, message),
  }
}

function directoryOf(state: State): Directory {
  const { post, own, stocks } = state
  return {
    publish: async (record, options) => {
      ready(post, options)
      own.publish(record)
    },
    lookup: async (address, options) => {
      ready(post, options)
      const question: Question = { kind: 'lookup', address }
      const answers = await askAll(state, question, options?.signal)
      ready(post, options)
      const mine = own.lookup(address)
      if (mine.length === 0) mustKnow(answers)
      return [...mine, ...answers.filter(isAnswer).flatMap(decodeRecords)]
    },
    stock: async (upload, options) => {
      ready(post, options)
      own.stock(upload)
      stocks.add(stockName(upload.writer, upload.kind))
    },
    take: async (writer, kind, options) => {
      ready(post, options)
      if (stocks.has(stockName(writer, kind))) return own.take(writer, kind)
      let last: StockItem | undefined
      // One after the other, so that no item is taken in vain.
      const answers: (Uint8Array | undefined)[] = []
      for (const peer of await present(state, options?.signal)) {
        const answer = await ask(state, peer, { kind: 'take', writer, stock: kind }, options?.signal)
        ready(post, options)
        answers.push(answer)
        const item = answer && decodeItem(answer)
        if (item !== undefined && !item.lastResort) return item
        last ??= item
      }
      mustKnow(answers)
      return last
    },
    remaining: async (writer, kind, options) => {
      ready(post, options)
      if (stocks.has(stockName(writer, kind))) return own.remaining(writer, kind)
      const question: Question = { kind: 'count', writer, stock: kind }
      const answers = await askAll(state, question, options?.signal)
      ready(post, options)
      mustKnow(answers)
      return answers.filter(isAnswer).reduce((sum, bytes) => sum + decodeCount(bytes), 0)
    },
  }
}

const isAnswer = (answer: Uint8Array | undefined): answer is Uint8Array => answer !== undefined

/**
 * "Nothing there" is what a peer says; that none of those who are there has said anything is another thing.
 * @throws TransportError `transport/lost`
 */
function mustKnow(answers: readonly (Uint8Array | undefined)[]): void {
  if (answers.length > 0 && !answers.some(isAnswer))
    throw new TransportError('transport/lost', { details: { peers: answers.length } })
}

function stockName(writer: Uint8Array, kind: number): string {
  return `${toHex(writer)}/${kind}`
}

async function present({ post, met }: State, signal: AbortSignal | undefined): Promise<Peer[]> {
  await met(signal === undefined ? post.closed : AbortSignal.any([signal, post.closed]))
  return [...post.peers.values()].filter((peer) => peer.present)
}

async function askAll(
  state: State,
  question: Question,
  signal: AbortSignal | undefined,
): Promise<(Uint8Array | undefined)[]> {
  const peers = await present(state, signal)
  return Promise.all(peers.map((peer) => ask(state, peer, question, signal)))
}

/** What the peer answers; undefined when it does not in time. Asked twice, for frames may be lost. */
async function ask(
  state: State,
  peer: Peer,
  question: Question,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const { post } = state
  state.requests = (state.requests + 1) % 2 ** 32
  const request = state.requests
  const over = new AbortController()
  const stop = AbortSignal.any([over.signal, post.closed, ...(signal ? [signal] : [])])
  const patienceMs = answerMs(post, 0) + airMs(post.traits, MAX_ITEM_BYTES)
  try {
    return await new Promise<Uint8Array | undefined>((resolve) => {
      state.asked.set(request, { peer, parts: new Map(), bytes: 0, count: undefined, done: resolve })
      stop.addEventListener('abort', () => resolve(undefined), { once: true })
      const again = async (): Promise<void> => {
        for (let attempt = 0; attempt < 2 && !stop.aborted; attempt++) {
          say(post, peer, { ...question, request })
          await post.clock.sleep(patienceMs, stop).catch(() => {})
        }
        resolve(undefined)
      }
      void again()
    })
  } finally {
    state.asked.delete(request)
    over.abort()
  }
}

/** @throws TransportError `transport/bad-message` */
function collect({ asked }: State, peer: Peer, { request, index, count, part }: MessageOf<'answer'>): void {
  const open = asked.get(request)
  if (open === undefined || open.peer !== peer || open.parts.has(index)) return
  open.count ??= count
  open.bytes += part.length
  if (open.count !== count || open.bytes > MAX_ANSWER_BYTES) {
    open.done(undefined)
    throw new TransportError('transport/bad-message', {
      details: { bytes: open.bytes, limit: MAX_ANSWER_BYTES },
    })
  }
  open.parts.set(index, part)
  if (open.parts.size < count) return
  open.done(concatBytes(...Array.from({ length: count }, (_, place) => open.parts.get(place) as Uint8Array)))
}

function answer(state: State, peer: Peer, message: MessageOf<'lookup' | 'take' | 'count'>): void {
  const { request } = message
  const before = state.answered.get(peer)
  const bytes = before?.request === request ? before.answer : answerTo(state, peer, message)
  state.answered.set(peer, { request, answer: bytes })
  const most = largestFrame(state.post) - CONTROL_OVERHEAD - ANSWER_HEAD_BYTES
  const count = Math.max(1, Math.ceil(bytes.length / most))
  for (let index = 0; index < count; index++) {
    const part = bytes.subarray(index * most, (index + 1) * most)
    say(state.post, peer, { kind: 'answer', request, index, count, part })
  }
}

function answerTo(state: State, peer: Peer, message: MessageOf<'lookup' | 'take' | 'count'>): Uint8Array {
  if (message.kind === 'lookup') return encodeRecords(state.own.lookup(message.address))
  if (!state.stocks.has(stockName(message.writer, message.stock))) return NOTHING
  if (message.kind === 'count') return encodeCount(state.own.remaining(message.writer, message.stock))
  if (!mayTake(state, peer)) return NOTHING
  const found = state.own.take(message.writer, message.stock)
  return found === undefined ? NOTHING : encodeItem(found)
}

function mayTake({ post, takes }: State, peer: Peer): boolean {
  const minute = Math.floor(post.clock.now() / 60_000)
  const before = takes.get(peer)
  const counted = before?.minute === minute ? before : { minute, count: 0 }
  counted.count += 1
  takes.set(peer, counted)
  return counted.count <= MAX_TAKES_PER_MINUTE
}
