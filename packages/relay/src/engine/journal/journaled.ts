/**
 * A database that is durable by its journal and carries what stays into LevelDB behind it. spec/relay.md section 5.
 *
 * Most frames are fetched and deleted within seconds: those are never written to LevelDB. Everything else goes
 * there a segment at a time, in the background, and the segment is used again. `active` takes new records; `young`
 * is full, and waits for a while because frames in it are still being deleted; `carried` are on their way.
 */
import { randomInt } from 'node:crypto'
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { codeOf, RelayError } from '../../errors.js'
import { CARRY_PAUSE_MS, CARRY_ROWS, SEGMENT_BYTES, SPARE_SEGMENTS } from '../../limits.js'
import { type Database, type LevelDatabase, openLevel, type Stage, type Write } from '../database.js'
import {
  addFrame,
  addId,
  addRow,
  clearRows,
  createRows,
  dropFrame,
  putsId,
  RECORD_HEADER_BYTES,
  ROW,
  type Rows,
  writeRecord,
} from './record.js'
import { inOrder, type Replayed, replaySegment } from './replay.js'
import { closeSegment, openSegment, type Segment, voidSegment, writeDurably } from './segment.js'
import { createTable, type Found, findRow, rowsOf, type Table, takeRecord } from './table.js'

interface Files {
  readonly folder: string
  readonly segmentBytes: number
  /** Every file, in use or not. */
  readonly segments: Segment[]
  readonly free: Segment[]
  epoch: number
}

interface State {
  readonly level: LevelDatabase
  readonly files: Files
  active: Table
  young: Table | undefined
  /** Oldest first. */
  readonly carried: Table[]
  /** Never rejects. */
  carrying: Promise<void>
  /** Somebody waits until everything is carried over. */
  settling: boolean
  /** One writer or one change of tables at a time. */
  busy: Promise<unknown>
  failure: { readonly error: unknown } | undefined
  /** Of the transaction that is being filled. */
  readonly rows: Rows
  /** Over `rows`. */
  readonly stage: Stage
}

const SALTS = 2 ** 32

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  // Not every platform lets a folder be synced.
  await folder.sync().catch(() => {})
  await folder.close()
}

async function newSegment({ folder, segments, segmentBytes }: Files): Promise<Segment> {
  const segment = await openSegment(join(folder, `segment-${segments.length}`), segmentBytes)
  segments.push(segment)
  await syncFolder(folder)
  return segment
}

/** An empty table, on a segment whose former content has been carried over. */
async function nextTable(files: Files, before: number): Promise<Table> {
  const segment = files.free.pop() ?? (await newSegment(files))
  files.epoch += 1
  segment.epoch = { epoch: files.epoch, salt: randomInt(SALTS), before }
  segment.used = 0
  segment.records = 0
  return createTable(segment)
}

/**
 * Carrying is spread over the time in which the next segment fills, or all that comes meanwhile would wait for it. When
 * that is half full, or somebody waits, it goes on at once.
 */
function pauseOf(state: State): () => Promise<unknown> {
  return () => {
    const { active, carried, files, settling } = state
    const late = settling || carried.length > 1 || active.segment.used > files.segmentBytes / 2
    return late ? turn() : sleep(CARRY_PAUSE_MS)
  }
}

async function carryOver(state: State, table: Table): Promise<void> {
  if (state.failure !== undefined) return
  await state.level.carry(rowsOf(table, CARRY_ROWS), pauseOf(state))
  await voidSegment(table.segment, table.segment.epoch)
  state.carried.shift()
  state.files.free.push(table.segment)
}

function carry(state: State, table: Table): void {
  state.carried.push(table)
  state.carrying = state.carrying
    .then(() => carryOver(state, table))
    .catch((error: unknown) => {
      state.failure ??= { error }
    })
}

/** The active segment is full: the one before it is carried over now. */
async function rotate(state: State): Promise<void> {
  // More than this in flight would be memory without bound: the disk is the measure.
  if (state.carried.length >= SPARE_SEGMENTS) await state.carrying
  const full = state.active
  const next = await nextTable(state.files, full.segment.used)
  if (state.young !== undefined) carry(state, state.young)
  state.young = full
  state.active = next
}

/** Brings everything into LevelDB. */
async function settle(state: State): Promise<void> {
  state.settling = true
  try {
    if (state.active.segment.used > 0) await rotate(state)
    if (state.young !== undefined) carry(state, state.young)
    state.young = undefined
    await state.carrying
  } finally {
    state.settling = false
  }
  if (state.failure !== undefined) throw state.failure.error
}

async function append(state: State): Promise<void> {
  const { rows, files } = state
  const length = RECORD_HEADER_BYTES + rows.length
  if (length > files.segmentBytes) throw new RangeError('a transaction is larger than a segment')
  if (state.active.segment.used + length > files.segmentBytes) await rotate(state)
  const { active, young } = state
  const { segment } = active
  const start = segment.used
  const end = writeRecord(segment.image, start, segment.epoch, segment.records, rows)
  await writeDurably(segment, start, end)
  segment.used = end
  segment.records += 1
  takeRecord(active, young, start, end)
}

const NO_VALUE = new Uint8Array(0)

function stageOf(rows: Rows): Stage {
  return {
    put: (key, value) => addRow(rows, ROW.put, key, value),
    fresh: (key, value) => addRow(rows, ROW.fresh, key, value),
    loose: (key, value) => addRow(rows, ROW.loose, key, value),
    del: (key) => addRow(rows, ROW.del, key, NO_VALUE),
    frame: (box, place, frame) => addFrame(rows, box, place, frame),
    dropFrame: (box, place) => dropFrame(rows, box, place),
    id: (box, id) => addId(rows, box, id),
    putsId: (box, id) => putsId(rows, box, id),
    get rows() {
      return rows.count
    },
  }
}

async function transact(state: State, fill: (stage: Stage) => void | Promise<void>): Promise<void> {
  if (state.failure !== undefined) throw state.failure.error
  clearRows(state.rows)
  try {
    await fill(state.stage)
    if (state.rows.count > 0) await append(state)
  } catch (error) {
    state.failure = { error }
    throw error
  }
}

function stageAll(stage: Stage, writes: readonly Write[]): void {
  for (const write of writes) {
    if (write.type === 'del') stage.del(write.key)
    else stage.put(write.key, write.value)
  }
}

/** What happens one after another. */
function exclusive<T>(state: State, act: () => Promise<T>): Promise<T> {
  const done = state.busy.then(act, act)
  state.busy = done.catch(() => {})
  return done
}

// ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────

/** Undefined: LevelDB knows. */
function find({ active, young, carried }: State, key: Uint8Array): Found | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  for (let i = -2; i < carried.length; i++) {
    const table = i === -2 ? active : i === -1 ? young : carried[carried.length - 1 - i]
    const found = table === undefined ? undefined : findRow(table, bytes)
    if (found !== undefined) return found
  }
  return undefined
}

async function getMany(state: State, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
  const values: (Uint8Array | undefined)[] = new Array(keys.length).fill(undefined)
  const below: number[] = []
  keys.forEach((key, i) => {
    const found = find(state, key)
    if (found === undefined) below.push(i)
    else values[i] = found.value
  })
  if (below.length === 0) return values
  const found = await state.level.getMany(below.map((i) => keys[i] as Uint8Array))
  below.forEach((i, n) => {
    values[i] = found[n]
  })
  return values
}

async function* afterSettling<T>(settled: Promise<AsyncIterable<T>>): AsyncGenerator<T> {
  yield* await settled
}

/** Nothing is left open, whatever fails: another attempt needs the lock, and file numbers are used again. */
async function closeAll(level: LevelDatabase, segments: readonly Segment[]): Promise<void> {
  await Promise.allSettled(segments.map(closeSegment))
  await level.close()
}

function databaseOf(state: State): Database {
  let closed: Promise<void> | undefined
  const settled = <T>(read: () => T | Promise<T>): Promise<T> =>
    exclusive(state, async () => {
      await settle(state)
      return read()
    })
  return {
    getMany: (keys) => getMany(state, keys),
    entries: (range) => settled(() => state.level.entries(range)),
    keys: (range) => afterSettling(settled(() => state.level.keys(range))),
    snapshot: (size) => afterSettling(settled(() => state.level.snapshot(size))),
    compact: () => settled(() => state.level.compact()),
    transact: (fill) => exclusive(state, () => transact(state, fill)),
    write: (writes) => exclusive(state, () => transact(state, (stage) => stageAll(stage, writes))),
    close: () => {
      closed ??= exclusive(state, async () => {
        if (state.failure === undefined) await settle(state).catch(() => {})
        state.settling = true
        await state.carrying
        await closeAll(state.level, state.files.segments)
      })
      return closed
    },
  }
}

// ── Opening ─────────────────────────────────────────────────────────────────────────────────────────────

function* rowsToReplay(replayed: readonly Replayed[]): Generator<readonly Write[]> {
  for (const { records } of replayed) yield* records
}

/** Carries over what the last process left, and opens its files again, into `segments`. */
async function recover(
  level: LevelDatabase,
  folder: string,
  segmentBytes: number,
  segments: Segment[],
): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => name.startsWith('segment-'))
  const paths = names.map((_, i) => join(folder, `segment-${i}`))
  const replayed: Replayed[] = []
  for (const path of paths) replayed.push(await replaySegment(path))
  await level.carry(rowsToReplay(inOrder(replayed)), turn)
  for (const path of paths) segments.push(await openSegment(path, segmentBytes))
  const epoch = Math.max(0, ...replayed.map((one) => one.epoch)) + 1
  for (const segment of segments) await voidSegment(segment, { epoch, salt: 0, before: 0 })
  return { folder, segmentBytes, segments, free: [...segments], epoch }
}

function dataUnusable(path: string, cause: unknown): RelayError {
  return new RelayError('relay/data-unusable', { details: { path, reason: codeOf(cause) }, cause })
}

/** @throws RelayError `relay/data-locked`, `relay/data-corrupt`, `relay/data-unusable` */
export async function openJournaled(folder: string, segmentBytes: number = SEGMENT_BYTES): Promise<Database> {
  const level = await openLevel(folder)
  const segments: Segment[] = []
  try {
    const journal = join(folder, 'journal')
    await mkdir(journal, { recursive: true, mode: 0o700 })
    const files = await recover(level, journal, segmentBytes, segments)
    const rows = createRows()
    return databaseOf({
      level,
      files,
      active: await nextTable(files, 0),
      young: undefined,
      carried: [],
      carrying: Promise.resolve(),
      settling: false,
      busy: Promise.resolve(),
      failure: undefined,
      rows,
      stage: stageOf(rows),
    })
  } catch (error) {
    await closeAll(level, segments).catch(() => {})
    throw error instanceof RelayError ? error : dataUnusable(folder, error)
  }
}
