/**
 * Rows of services in the NATS engine: one message a subject, its sequence the version. spec/relay-engines.md section 7.
 *
 * Only the servers' own ages are cheap, and rows have ends of their own: a sweep reads what it has not read yet and
 * remembers what ends when.
 */
import { defaultCrypto } from '@hyphae/crypto'
import { checkRow, type NamedRow, type Row, type ServiceRows } from '../rows.js'
import { createDocuments } from './documents.js'
import type { JetStream, Stored } from './jetstream.js'
import { LOOK_AGAIN_AT_ROWS_MS, MAX_CACHED_ENDS, PARALLEL_READS } from './limits.js'
import type { Subjects } from './names.js'
import { useUp } from './spends.js'

const HEAD_BYTES = 8
const NOTHING = new Uint8Array(0)
const ONE = Uint8Array.of(1)

interface Held extends Row {
  readonly until: number
}

/** until u64, 0: for ever | value */
function encode(until: number, value: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + value.length)
  bytes.writeBigUInt64LE(BigInt(Math.ceil(until)), 0)
  bytes.set(value, HEAD_BYTES)
  return bytes
}

function decode({ seq, data }: Stored): Held {
  const until = Number(Buffer.from(data.buffer, data.byteOffset, data.byteLength).readBigUInt64LE(0))
  return { until, version: seq, value: Uint8Array.from(data.subarray(HEAD_BYTES)) }
}

function isOver({ until }: Held, now: number): boolean {
  return until > 0 && until <= now
}

interface Context {
  readonly js: JetStream
  readonly names: Subjects
  now(): number
}

async function read({ js, names }: Context, key: string): Promise<Held | undefined> {
  const stored = await js.last(names.rows, names.row(key))
  return stored === undefined ? undefined : decode(stored)
}

/** `version` 0: also over a row that has ended. */
async function put(
  context: Context,
  key: string,
  value: Uint8Array,
  version: number,
  until: number,
): Promise<number | undefined> {
  const { js, names, now } = context
  const bytes = encode(until, value)
  const first = await js.publish(names.row(key), bytes, version)
  if (first.kind === 'stored') return first.seq
  const held = version === 0 ? await read(context, key) : undefined
  if (held === undefined || !isOver(held, now())) return undefined
  const second = await js.publish(names.row(key), bytes, held.version)
  return second.kind === 'stored' ? second.seq : undefined
}

/** In the order of the keys. */
async function readAll(context: Context, keys: readonly string[]): Promise<(Held & { key: string })[]> {
  const found: (Held & { key: string })[] = []
  for (let at = 0; at < keys.length; at += PARALLEL_READS) {
    const some = keys.slice(at, at + PARALLEL_READS)
    const rows = await Promise.all(some.map((key) => read(context, key)))
    rows.forEach((held, i) => {
      if (held !== undefined) found.push({ ...held, key: some[i] as string })
    })
  }
  return found
}

async function keysBelow({ js, names }: Context, prefix: string): Promise<string[]> {
  const before = names.row('').length
  const subjects = await js.subjects(names.rows, names.row(prefix))
  return [...subjects.keys()].map((subject) => subject.slice(before))
}

function createSweep(context: Context): (signal: AbortSignal) => Promise<void> {
  const { js, names, now } = context
  const ends = new Map<string, number>()
  return async (signal) => {
    const keys = await keysBelow(context, '>')
    const there = new Set(keys)
    for (const key of ends.keys()) if (!there.has(key)) ends.delete(key)
    const due = keys.filter((key) => (ends.get(key) ?? 0) <= now())
    for (let at = 0; at < due.length && !signal.aborted; at += PARALLEL_READS)
      for (const held of await readAll(context, due.slice(at, at + PARALLEL_READS))) {
        if (isOver(held, now())) await js.remove(names.rows, held.version)
        // One without an end may be replaced by one that has.
        else if (ends.size < MAX_CACHED_ENDS) ends.set(held.key, held.until || now() + LOOK_AGAIN_AT_ROWS_MS)
      }
  }
}

export function createServiceRows(
  context: Context,
): ServiceRows & { sweep(signal: AbortSignal): Promise<void> } {
  const { js, names, now } = context
  const spent = createDocuments(js, names.spent)
  return {
    shared: true,
    get: async (key) => {
      checkRow(key)
      const held = await read(context, key)
      return held === undefined || isOver(held, now()) ? undefined : held
    },
    put: async (key, value, version, until = 0) => {
      checkRow(key, value)
      return put(context, key, value, version, until)
    },
    remove: (_key, version) => js.remove(names.rows, version),
    list: async (prefix) => {
      const keys = await keysBelow(context, `${prefix}.>`)
      const held = await readAll(context, keys.sort())
      return held.filter((row): row is Held & NamedRow => !isOver(row, now()))
    },
    use: (spend, purpose) => useUp(spent, names, defaultCrypto, spend, purpose, NOTHING),
    once: async (name) => (await js.publish(names.onceOf(name), ONE, 0)).kind === 'stored',
    sweep: createSweep(context),
  }
}
