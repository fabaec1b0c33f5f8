// The three embedded stores that install without a service, under what a relay does: 10,000 mailboxes, synced batches
// of 100 messages, each with a look for its id, a frame, its id and when it is due; and 100 acknowledgements.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import process from 'node:process'
import Sqlite from 'better-sqlite3'
import { ClassicLevel } from 'classic-level'
import { open as openLmdb } from 'lmdb'
import { type Report, round } from '../harness.ts'
import { temporaryFolder } from './processes.ts'

const MAILBOXES = 10_000
const BATCH = 100
const FRAME_BYTES = 512
/** Frames that wait before the oldest are acknowledged. */
const WAITING = 50_000
const SECONDS = process.argv.includes('--quick') ? 2 : 5

interface Message {
  readonly seq: number
  readonly box: Buffer
  readonly id: Buffer
  readonly frame: Buffer
  readonly due: number
}

interface Store {
  /** Looks for the ids, stores the messages, removes the acknowledged; on disk when it resolves. */
  commit(messages: readonly Message[], acknowledged: readonly Message[]): Promise<number> | number
  close(): Promise<void> | void
}

function key(prefix: number, ...parts: readonly (Buffer | number)[]): Buffer {
  const bytes = parts.map((part) => {
    if (typeof part !== 'number') return part
    const number = Buffer.allocUnsafe(8)
    number.writeBigUInt64BE(BigInt(part))
    return number
  })
  return Buffer.concat([Buffer.of(prefix), ...bytes])
}

async function level(folder: string): Promise<Store> {
  const database = new ClassicLevel<Buffer, Buffer>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await database.open({ compression: false, writeBufferSize: 16 << 20, cacheSize: 32 << 20 })
  return {
    commit: async (messages, acknowledged) => {
      const found = await database.getMany(messages.map(({ box, id }) => key(2, box, id)))
      const batch = database.batch()
      for (const { seq, box, id, frame, due } of messages) {
        batch.put(key(1, box, seq), frame)
        batch.put(key(2, box, id), key(0, seq))
        batch.put(key(3, due, seq), Buffer.concat([box, id]))
      }
      for (const { box, seq } of acknowledged) batch.del(key(1, box, seq))
      await batch.write({ sync: true })
      return found.filter((value) => value !== undefined).length
    },
    close: () => database.close(),
  }
}

function lmdb(folder: string): Store {
  const database = openLmdb<Buffer, Buffer>({
    path: join(folder, 'lmdb'),
    keyEncoding: 'binary',
    encoding: 'binary',
    // Durable when the transaction returns, like the others.
    overlappingSync: false,
  })
  return {
    commit: (messages, acknowledged) =>
      database.transactionSync(() => {
        let found = 0
        for (const { seq, box, id, frame, due } of messages) {
          if (database.doesExist(key(2, box, id))) found += 1
          database.putSync(key(1, box, seq), frame)
          database.putSync(key(2, box, id), key(0, seq))
          database.putSync(key(3, due, seq), Buffer.concat([box, id]))
        }
        for (const { box, seq } of acknowledged) database.removeSync(key(1, box, seq))
        return found
      }),
    close: () => database.close(),
  }
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 20000;
  CREATE TABLE frames (seq INTEGER PRIMARY KEY, box BLOB NOT NULL, frame BLOB NOT NULL);
  CREATE INDEX by_box ON frames (box, seq);
  CREATE TABLE ids (box BLOB, id BLOB, seq INTEGER, PRIMARY KEY (box, id)) WITHOUT ROWID;
  CREATE TABLE due (at INTEGER, seq INTEGER, box BLOB, id BLOB, PRIMARY KEY (at, seq)) WITHOUT ROWID;`

function sqlite(folder: string): Store {
  const database = new Sqlite(join(folder, 'sqlite'))
  database.exec(SCHEMA)
  const addId = database.prepare('INSERT OR IGNORE INTO ids VALUES (?, ?, ?)')
  const addFrame = database.prepare('INSERT INTO frames VALUES (?, ?, ?)')
  const addDue = database.prepare('INSERT INTO due VALUES (?, ?, ?, ?)')
  const remove = database.prepare('DELETE FROM frames WHERE seq = ?')
  const commit = database.transaction((messages: readonly Message[], acknowledged: readonly Message[]) => {
    let found = 0
    for (const { seq, box, id, frame, due } of messages) {
      if (addId.run(box, id, seq).changes === 0) found += 1
      addFrame.run(seq, box, frame)
      addDue.run(due, seq, box, id)
    }
    for (const { seq } of acknowledged) remove.run(seq)
    return found
  })
  return {
    commit: (messages, acknowledged) => commit(messages, acknowledged),
    close: () => {
      database.close()
    },
  }
}

const STORES: Readonly<Record<string, (folder: string) => Store | Promise<Store>>> = {
  classicLevel: level,
  lmdb,
  betterSqlite3: sqlite,
}

const boxes = Array.from({ length: MAILBOXES }, () => randomBytes(32))
const frame = randomBytes(FRAME_BYTES)
const LIFE_MS = 7 * 86_400_000

function batchOf(first: number): Message[] {
  const ids = randomBytes(16 * BATCH)
  return Array.from({ length: BATCH }, (_, i) => ({
    seq: first + i,
    box: boxes[((first + i) * 7919) % MAILBOXES] as Buffer,
    id: ids.subarray(16 * i, 16 * i + 16),
    frame,
    due: Date.now() + LIFE_MS + (((first + i) * 7919) % 1_000_000),
  }))
}

async function measureStore(store: Store): Promise<{ perSecond: number; cpuMicros: number }> {
  const waiting: Message[][] = []
  let next = 1
  const step = async (): Promise<void> => {
    const messages = batchOf(next)
    next += BATCH
    const acknowledged = waiting.length * BATCH >= WAITING ? (waiting.shift() as Message[]) : []
    if ((await store.commit(messages, acknowledged)) > 0) throw new Error('an id was there already')
    waiting.push(messages)
  }
  while (waiting.length * BATCH < WAITING) await step()
  const cpu = process.cpuUsage()
  const first = next
  const begun = performance.now()
  while (performance.now() - begun < SECONDS * 1000) await step()
  const spent = performance.now() - begun
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: ((next - first) * 1000) / spent, cpuMicros: (user + system) / (next - first) }
}

export async function storeRows({ figures }: Report): Promise<void> {
  for (const [name, open] of Object.entries(STORES)) {
    const folder = temporaryFolder()
    const store = await open(folder.path)
    const { perSecond, cpuMicros } = await measureStore(store)
    await store.close()
    folder.remove()
    figures[`store_${name}PerSecond`] = round(perSecond, 0)
    figures[`store_${name}CpuUs`] = round(cpuMicros)
  }
}
