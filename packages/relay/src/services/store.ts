/**
 * A Store over rows that several relays share. spec/relay-engines.md section 7.1.
 *
 * A transaction reads rows, then writes one row, the last change, by compare-and-swap: it names all that is written,
 * and is the moment at which the transaction has happened. Then it writes the rows. Who finds a last change writes
 * its rows first, which does no harm twice, since each says by which change it was written. So transactions of all
 * relays come one after another, and a relay that is killed amid one leaves it done or undone.
 */
import {
  type Clock,
  type ListOptions,
  type Store,
  type StoreEntry,
  type StoreKey,
  type StoreTransaction,
  systemClock,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { type Row, rowsUnreachable, type ServiceRows } from '../engine/rows.js'
import { RelayError } from '../errors.js'
import {
  CHANGE_PAUSE_MS,
  MAX_CHANGE_BYTES,
  MAX_CHANGE_TRIES,
  MAX_TOGETHER,
  REMOVED_MS,
  STORAGE_RETRY_MS,
} from '../limits.js'
import {
  CHANGE_ID_BYTES,
  type Change,
  decodeCell,
  decodeChange,
  encodeCell,
  encodeChange,
  NO_CHANGE,
  nextChange,
  type Writes,
} from './change.js'
import { rowKeyOf, storeKeyOf } from './row-key.js'

export interface SharedStoreOptions {
  readonly rows: ServiceRows
  readonly crypto: Pick<CryptoProvider, 'randomBytes'>
  readonly clock: Clock
  /** Begins the keys of its rows: a name. */
  readonly root: string
}

type Work = (tx: StoreTransaction) => unknown

interface Waiting {
  readonly work: Work
  resolve(result: unknown): void
  reject(error: unknown): void
}

type Outcome = { readonly result: unknown } | { readonly error: unknown }

/** Transactions that were worked out on one state and are stored together. */
interface Attempt {
  readonly members: readonly Waiting[]
  readonly outcomes: readonly Outcome[]
}

interface State extends SharedStoreOptions {
  readonly queue: Waiting[]
  running: Promise<void> | undefined
  /** Up to this change all rows are written, as this relay knows. */
  written: number
  closed: boolean
}

const lastKey = ({ root }: State): string => `${root}-last`

interface Last {
  readonly version: number
  readonly change: Change
}

async function readLast(state: State): Promise<Last> {
  const row = await state.rows.get(lastKey(state))
  return row === undefined
    ? { version: 0, change: NO_CHANGE }
    : { version: row.version, change: decodeChange(row.value) }
}

// ── Writing rows ────────────────────────────────────────────────────────────────────────────────────────

async function writeRow(
  { rows, clock }: State,
  n: number,
  key: string,
  value: Uint8Array | undefined,
): Promise<void> {
  const bytes = encodeCell({ n, value })
  for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) {
    const row = await rows.get(key)
    if (row !== undefined && decodeCell(row.value).n >= n) return
    // A removed row stays for a while: a relay that was held up amid an older change must not bring it back.
    const until = value === undefined ? clock.now() + REMOVED_MS : undefined
    if ((await rows.put(key, bytes, row?.version ?? 0, until)) !== undefined) return
  }
  throw rowsUnreachable()
}

async function writeRows(state: State, { n, writes }: Change): Promise<void> {
  if (n <= state.written) return
  await Promise.all([...writes].map(([key, value]) => writeRow(state, n, key, value)))
  state.written = Math.max(state.written, n)
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────

function heldIn(row: Row | undefined): Uint8Array | undefined {
  return row === undefined ? undefined : decodeCell(row.value).value
}

/** What a transaction sees: its own writes, those it is stored with, the rows. */
type Layers = readonly Writes[]

function written(layers: Layers, key: string): { readonly value: Uint8Array | undefined } | undefined {
  const layer = layers.find((writes) => writes.has(key))
  return layer === undefined ? undefined : { value: layer.get(key)?.slice() }
}

async function get(
  { rows, root }: State,
  layers: Layers,
  storeKey: StoreKey,
): Promise<Uint8Array | undefined> {
  const key = rowKeyOf(root, storeKey)
  const own = written(layers, key)
  return own === undefined ? heldIn(await rows.get(key)) : own.value
}

/** The number behind the prefix, where there is one. */
function numberAt({ key }: StoreEntry, place: number): number | undefined {
  const part = key[place]
  return typeof part === 'number' ? part : undefined
}

async function list(
  { rows, root }: State,
  layers: Layers,
  prefix: StoreKey,
  { from, limit, reverse = false }: ListOptions = {},
): Promise<StoreEntry[]> {
  const start = rowKeyOf(root, prefix)
  const found = new Map<string, Uint8Array | undefined>()
  const exact = await rows.get(start)
  for (const row of [...(exact === undefined ? [] : [{ ...exact, key: start }]), ...(await rows.list(start))])
    found.set(row.key, heldIn(row))
  for (const layer of [...layers].reverse())
    for (const [key, value] of layer)
      if (key === start || key.startsWith(`${start}.`)) found.set(key, value?.slice())
  const entries = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => (value === undefined ? [] : [{ key: storeKeyOf(root, key), value }]))
    .filter((entry) => from === undefined || (numberAt(entry, prefix.length) ?? -1) >= from)
  return (reverse ? entries.reverse() : entries).slice(0, limit)
}

// ── Transactions ────────────────────────────────────────────────────────────────────────────────────────

type Own = Map<string, Uint8Array | undefined>

/** Runs the work; what it was given takes nothing more when it is over. */
async function workOne(state: State, work: Work, own: Own, below: Writes): Promise<unknown> {
  const layers = [own, below]
  let over = false
  const during = <T>(act: () => T): T => {
    if (over) throw new RelayError('relay/closed')
    return act()
  }
  const tx: StoreTransaction = {
    get: async (key) => during(() => get(state, layers, key)),
    list: async (prefix, options) => during(() => list(state, layers, prefix, options)),
    put: (key, value) => during(() => own.set(rowKeyOf(state.root, key), value.slice())),
    delete: (key) => during(() => own.set(rowKeyOf(state.root, key), undefined)),
  }
  try {
    return await work(tx)
  } finally {
    over = true
  }
}

function bytesOf(writes: Writes): number {
  let bytes = 0
  for (const [key, value] of writes) bytes += key.length + (value?.length ?? 0) + 16
  return bytes
}

interface Worked extends Attempt {
  readonly writes: Writes
}

/** One after another, each seeing what those before it have written. Those that no longer fit come next time. */
async function workAll(state: State, waiting: readonly Waiting[]): Promise<Worked> {
  const all: Own = new Map()
  const outcomes: Outcome[] = []
  for (const { work } of waiting) {
    const own: Own = new Map()
    try {
      const result = await workOne(state, work, own, all)
      if (bytesOf(own) > MAX_CHANGE_BYTES) throw new RelayError('relay/bad-row')
      if (bytesOf(all) + bytesOf(own) > MAX_CHANGE_BYTES) break
      for (const [key, value] of own) all.set(key, value)
      outcomes.push({ result })
    } catch (error) {
      outcomes.push({ error })
    }
  }
  return { members: waiting.slice(0, outcomes.length), outcomes, writes: all }
}

function settle({ members, outcomes }: Attempt): void {
  members.forEach(({ resolve, reject }, i) => {
    const outcome = outcomes[i] as Outcome
    if ('error' in outcome) reject(outcome.error)
    else resolve(outcome.result)
  })
}

/**
 * One attempt at what waits; undefined: others were faster. Attempts whose outcome was not heard of stay in `unheard`:
 * they may have happened, and then have happened with what they were worked out to.
 */
async function attempt(
  state: State,
  waiting: readonly Waiting[],
  unheard: Map<string, Attempt>,
): Promise<Attempt | undefined> {
  const { rows, crypto } = state
  const last = await readLast(state)
  await writeRows(state, last.change)
  for (const id of last.change.ids) {
    const happened = unheard.get(id)
    if (happened !== undefined) return happened
  }
  const worked = await workAll(state, waiting)
  if (worked.writes.size === 0) {
    const now = await rows.get(lastKey(state))
    return (now?.version ?? 0) === last.version ? worked : undefined
  }
  const id = Buffer.from(crypto.randomBytes(CHANGE_ID_BYTES)).toString('hex')
  const change = nextChange(last.change, id, worked.writes)
  unheard.set(id, worked)
  const version = await rows.put(lastKey(state), encodeChange(change), last.version)
  if (version === undefined) return undefined
  await writeRows(state, change)
  return worked
}

/** Until it has happened, or cannot. */
async function carryOut(state: State, waiting: readonly Waiting[]): Promise<Attempt> {
  const unheard = new Map<string, Attempt>()
  const begun = systemClock.now()
  for (let tries = 1; tries <= MAX_CHANGE_TRIES; tries++) {
    try {
      const done = await attempt(state, waiting, unheard)
      if (done !== undefined) return done
    } catch (error) {
      if (!(error instanceof RelayError) || systemClock.now() - begun > STORAGE_RETRY_MS) throw error
    }
    const [random = 0] = state.crypto.randomBytes(1)
    await systemClock.sleep((Math.min(CHANGE_PAUSE_MS, 2 ** tries) * random) / 255)
  }
  throw rowsUnreachable()
}

async function run(state: State): Promise<void> {
  // What is asked for in this turn goes together.
  await Promise.resolve()
  while (state.queue.length > 0) {
    const waiting = state.queue.slice(0, MAX_TOGETHER)
    let count = waiting.length
    try {
      const done = await carryOut(state, waiting)
      count = done.members.length
      settle(done)
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
    state.queue.splice(0, count)
  }
  state.running = undefined
}

export function sharedStore(options: SharedStoreOptions): Store {
  const state: State = { ...options, queue: [], running: undefined, written: 0, closed: false }
  const open = (): void => {
    if (state.closed) throw new RelayError('relay/closed')
  }
  const close = async (): Promise<void> => {
    state.closed = true
    await state.running
  }
  return {
    get: async (key) => {
      open()
      return get(state, [], key)
    },
    list: async (prefix, listing) => {
      open()
      return list(state, [], prefix, listing)
    },
    transact: <T>(work: (tx: StoreTransaction) => Promise<T> | T): Promise<T> => {
      if (state.closed) return Promise.reject(new RelayError('relay/closed'))
      return new Promise<T>((resolve, reject) => {
        state.queue.push({ work, resolve: resolve as (result: unknown) => void, reject })
        state.running ??= run(state)
      })
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
