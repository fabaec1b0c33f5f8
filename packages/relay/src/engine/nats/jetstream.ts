/**
 * The requests to JetStream this engine makes, as bytes on core NATS. spec/relay-engines.md section 2.
 *
 * Reads of a subject's end are answered by the stream's leader; reads by sequence by any replica. Knows nothing
 * of what is stored.
 */
import { headers, type NatsConnection } from '@nats-io/transport-node'
import { RelayError } from '../../errors.js'
import { CHAIN_READS, SEGMENTS } from './limits.js'
import { createRequests, unreachable } from './requests.js'

export interface Stored {
  readonly seq: number
  readonly data: Uint8Array
}

export type Published =
  | { readonly kind: 'stored'; readonly seq: number }
  /** The subject's last sequence is another; as the server says. */
  | { readonly kind: 'conflict'; readonly last: number }

export interface StreamInfo {
  readonly messages: number
  readonly bytes: number
  readonly lastSeq: number
  /** The server that answered for the stream; undefined when it stands alone. */
  readonly leader: string | undefined
  /** Subjects that match what was asked for. */
  readonly matching: number
}

export interface JetStream {
  readonly connection: NatsConnection
  /** `expected`: the sequence of the subject's last message, 0 for none; undefined: whatever it is. */
  publish(subject: string, data: Uint8Array, expected?: number): Promise<Published>
  /** Whatever the subject's last message is. */
  append(subject: string, data: Uint8Array): Promise<{ readonly seq: number }>
  /** The first message of the subject at or behind `seq`, as the leader knows it. */
  next(stream: string, subject: string, seq: number): Promise<Stored | undefined>
  last(stream: string, subject: string): Promise<Stored | undefined>
  /** By sequence; undefined when it was deleted. */
  at(stream: string, seq: number): Promise<Uint8Array | undefined>
  /** All messages of the subject at or behind `seq`, up to what the leader had when the last was read. */
  read(stream: string, subject: string, seq: number): AsyncGenerator<Stored>
  /** True for the one who removed it. */
  remove(stream: string, seq: number): Promise<boolean>
  /** Removes the subject's messages before `seq`; undefined: all of them. */
  purge(stream: string, subject: string, seq?: number): Promise<void>
  info(stream: string, subjects?: string): Promise<StreamInfo>
  /** All that match and how many messages they have, in as many pages as the servers make of them. */
  subjects(stream: string, matching: string): Promise<ReadonlyMap<string, number>>
  /** Creates the stream, or checks that it is there. */
  ensure(config: StreamConfig): Promise<void>
}

export interface StreamConfig {
  readonly name: string
  readonly subjects: readonly string[]
  readonly num_replicas: number
  readonly max_age?: number
  readonly max_bytes?: number
  readonly max_msgs_per_subject?: number
  readonly discard?: 'old' | 'new'
  readonly republish?: { readonly src: string; readonly dest: string }
}

interface ApiError {
  readonly code: number
  readonly err_code?: number
  readonly description?: string
}

interface ApiMessage {
  readonly seq: number
  readonly data?: string
}

const WRONG_LAST_SEQUENCE = 10071
/** The limit of the account, of the server, of its disk, of the stream. */
const FULL: readonly number[] = [10002, 10023, 10047, 10077]
const NAME_IN_USE = 10058
const NOT_FOUND = 404
const UNAVAILABLE = 503
const NO_DATA = new Uint8Array(0)

/** The servers answered that there is no room: to ask again at once is of no use. */
export function isFull(error: unknown): boolean {
  return error instanceof RelayError && FULL.includes(Number(error.details.code))
}

function fail(error: ApiError): never {
  throw new RelayError('relay/store-unreachable', { details: { code: error.err_code ?? error.code } })
}

function expectation(seq: number): { headers: ReturnType<typeof headers> } {
  const fields = headers()
  fields.set('Nats-Expected-Last-Subject-Sequence', String(seq))
  return { headers: fields }
}

function published(reply: { seq?: number; error?: ApiError }): Published {
  if (reply.error === undefined && reply.seq !== undefined) return { kind: 'stored', seq: reply.seq }
  if (reply.error?.err_code !== WRONG_LAST_SEQUENCE) fail(reply.error ?? { code: 0 })
  return { kind: 'conflict', last: Number(/\d+$/.exec(reply.error.description ?? '')?.[0] ?? 0) }
}

function decoded({ seq, data }: ApiMessage): Stored {
  return { seq, data: data === undefined ? NO_DATA : Buffer.from(data, 'base64') }
}

type Api = <T>(subject: string, body: unknown) => Promise<T & { error?: ApiError }>

type Reads = Pick<JetStream, 'next' | 'last'>

/** The messages from `from` up to, and not including, `end`, one after another. */
async function chain(
  js: Reads,
  stream: string,
  subject: string,
  from: number,
  end: number,
): Promise<Stored[]> {
  const found: Stored[] = []
  for (let seq = from; seq < end; ) {
    const message = await js.next(stream, subject, seq)
    if (message === undefined || message.seq >= end) break
    found.push(message)
    seq = message.seq + 1
  }
  return found
}

/** Parts of the stream are walked side by side: each message names where the next one of its subject is looked for. */
async function sideBySide(
  js: Reads,
  stream: string,
  subject: string,
  from: number,
  last: number,
): Promise<Stored[]> {
  const width = Math.ceil((last + 1 - from) / SEGMENTS)
  const parts = Array.from({ length: SEGMENTS }, (_, n) => {
    const begin = from + n * width
    return chain(js, stream, subject, begin, Math.min(begin + width, last + 1))
  })
  return (await Promise.all(parts)).flat()
}

/** One after another as long as there are few; else up to the subject's end side by side, and on from there. */
async function* read(js: Reads, stream: string, subject: string, from: number): AsyncGenerator<Stored> {
  let seq = from
  for (let n = 1; ; n++) {
    if (n % CHAIN_READS === 0) {
      const last = (await js.last(stream, subject))?.seq ?? 0
      for (const message of last < seq ? [] : await sideBySide(js, stream, subject, seq, last)) {
        seq = message.seq + 1
        yield message
      }
    }
    const message = await js.next(stream, subject, seq)
    if (message === undefined) return
    seq = message.seq + 1
    yield message
  }
}

function reader(api: Api, stream: string, query: object): Promise<Stored | undefined> {
  return api<{ message?: ApiMessage }>(`STREAM.MSG.GET.${stream}`, query).then(({ message, error }) => {
    if (message !== undefined) return decoded(message)
    if (error !== undefined && error.code !== NOT_FOUND) fail(error)
    return undefined
  })
}

interface InfoReply {
  readonly cluster?: { readonly leader?: string }
  /** Of the subjects, on all pages. */
  readonly total?: number
  readonly state?: {
    readonly messages: number
    readonly bytes: number
    readonly last_seq: number
    readonly subjects?: Readonly<Record<string, number>>
  }
}

async function info(api: Api, stream: string, subjects?: string): Promise<StreamInfo> {
  const filter = subjects === undefined ? '' : { subjects_filter: subjects }
  const { state, cluster, total = 0, error } = await api<InfoReply>(`STREAM.INFO.${stream}`, filter)
  if (state === undefined) fail(error ?? { code: 0 })
  const { messages, bytes, last_seq: lastSeq } = state
  return { messages, bytes, lastSeq, leader: cluster?.leader, matching: total }
}

/** A subject that goes meanwhile may hide one at the border of two pages, until the next time. */
async function subjectsOf(api: Api, stream: string, matching: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let offset = 0; ; ) {
    const query = { subjects_filter: matching, offset }
    const { state, total = 0, error } = await api<InfoReply>(`STREAM.INFO.${stream}`, query)
    if (state === undefined) fail(error ?? { code: 0 })
    const page = Object.entries(state.subjects ?? {})
    for (const [subject, messages] of page) found.set(subject, messages)
    offset += page.length
    if (page.length === 0 || offset >= total) return found
  }
}

async function ensure(api: Api, config: StreamConfig): Promise<void> {
  const full = {
    retention: 'limits',
    storage: 'file',
    discard: 'old',
    allow_direct: true,
    // Dedupe is the engine's own, exact and for days: the server's window would only cost memory.
    duplicate_window: 100_000_000,
    ...config,
  }
  const { error } = await api(`STREAM.CREATE.${config.name}`, full)
  if (error === undefined) return
  if (error.err_code !== NAME_IN_USE) fail(error)
  // There with other limits: this relay's count from now on, as long as the server can change them.
  const updated = await api(`STREAM.UPDATE.${config.name}`, full)
  if (updated.error !== undefined) fail(updated.error)
}

export function createJetStream(connection: NatsConnection): JetStream {
  const request = createRequests(connection)
  const api: Api = async <T>(subject: string, body: unknown) => {
    const payload = body === '' ? '' : JSON.stringify(body)
    const message = await request(`$JS.API.${subject}`, payload)
    return message.json<T & { error?: ApiError }>()
  }
  const checked = async (subject: string, body: unknown): Promise<void> => {
    const { error } = await api(subject, body)
    if (error !== undefined && error.code !== NOT_FOUND) fail(error)
  }
  const next: JetStream['next'] = (stream, subject, seq) =>
    reader(api, stream, { next_by_subj: subject, seq: Math.max(1, seq) })
  const last: JetStream['last'] = (stream, subject) => reader(api, stream, { last_by_subj: subject })
  const publish: JetStream['publish'] = async (subject, data, expected) => {
    const options = expected === undefined ? {} : expectation(expected)
    return published((await request(subject, data, options)).json())
  }
  const direct = async (stream: string, seq: number): Promise<Uint8Array | undefined> => {
    const message = await request(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify({ seq }))
    return message.headers === undefined || message.headers.code === 0 ? message.data : undefined
  }
  return {
    connection,
    publish,
    append: async (subject, data) => {
      const answer = await publish(subject, data)
      if (answer.kind === 'conflict') throw unreachable()
      return answer
    },
    next,
    last,
    // A replica that is behind does not have it yet: the leader knows.
    at: async (stream, seq) => (await direct(stream, seq)) ?? (await reader(api, stream, { seq }))?.data,
    read: (stream, subject, seq) => read({ next, last }, stream, subject, Math.max(1, seq)),
    remove: async (stream, seq) => {
      const body = { seq, no_erase: true }
      const { success, error } = await api<{ success?: boolean }>(`STREAM.MSG.DELETE.${stream}`, body)
      if (error !== undefined && error.code >= UNAVAILABLE) fail(error)
      return success === true
    },
    purge: async (stream, subject, seq) => {
      // To the servers, 1 means all.
      if (seq === undefined || seq > 1)
        await checked(
          `STREAM.PURGE.${stream}`,
          seq === undefined ? { filter: subject } : { filter: subject, seq },
        )
    },
    info: (stream, subjects) => info(api, stream, subjects),
    subjects: (stream, matching) => subjectsOf(api, stream, matching),
    ensure: (config) => ensure(api, config),
  }
}
