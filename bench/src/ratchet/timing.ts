// Interleaved rounds over contenders, asynchronous ones too. Knows no runtime: it also runs in a browser's page.
import type { Contender, Maybe, Party } from './contender.ts'

/** Microseconds for one piece of work, by row. */
export type Sample = Readonly<Record<string, number>>

/** One contender's part in a group: does `n` pieces of work and times them. */
export interface Work {
  readonly name: string
  run(n: number): Promise<Sample>
}

export interface Pace {
  readonly rounds: number
  readonly warmUpMs: number
  /** Long against the clock's step; short enough that all contenders of a round see the same machine. */
  readonly batchMs: number
}

let sink = 0

/** Results go here; the total is printed, so that no engine may leave the work out. */
function consume(bytes: Uint8Array): void {
  sink = (sink + bytes.length + (bytes[0] ?? 0)) % 1_000_003
}

export function sunk(): number {
  return sink
}

const now = (): number => performance.now()

async function times<T>(
  contender: Contender,
  n: number,
  one: (i: number) => Maybe<T>,
): Promise<[number, T[]]> {
  const results: T[] = new Array(n)
  const begun = now()
  if (contender.pace === 'sync') for (let i = 0; i < n; i++) results[i] = one(i) as T
  else for (let i = 0; i < n; i++) results[i] = await one(i)
  return [((now() - begun) * 1000) / n, results]
}

type Pair = readonly [Party<unknown, unknown>, Party<unknown, unknown>]

/** `n` messages in one direction: all sealed, then all opened. */
export function oneWay(contender: Contender, pair: Pair, bytes: Uint8Array, suffix: string): Work {
  const body = contender.body(bytes)
  const [alice, bob] = pair
  return {
    name: contender.name,
    async run(n) {
      const [encrypt, letters] = await times(contender, n, () => alice.encrypt(body))
      const [decrypt, opened] = await times(contender, n, (i) => bob.decrypt(letters[i]))
      for (const each of opened) consume(contender.bytes(each))
      return { [`encrypt${suffix}`]: encrypt, [`decrypt${suffix}`]: decrypt }
    },
  }
}

/** Each message answers the one before, so each makes a ratchet step; time of one message, both ends. */
export function pingpong(contender: Contender, pair: Pair, bytes: Uint8Array): Work {
  const body = contender.body(bytes)
  const [alice, bob] = pair
  const sync = (i: number): unknown =>
    i % 2 === 0 ? bob.decrypt(alice.encrypt(body)) : alice.decrypt(bob.encrypt(body))
  const waiting = async (i: number): Promise<unknown> =>
    i % 2 === 0 ? bob.decrypt(await alice.encrypt(body)) : alice.decrypt(await bob.encrypt(body))
  return {
    name: contender.name,
    async run(n) {
      const even = n + (n % 2)
      const [time, opened] = await times(contender, even, contender.pace === 'sync' ? sync : waiting)
      for (const each of opened) consume(contender.bytes(each))
      return { pingpong: time }
    },
  }
}

/** New sessions; making their prekeys is a row of its own. */
export function setup(contender: Contender, bytes: Uint8Array): Work {
  const body = contender.body(bytes)
  return {
    name: contender.name,
    async run(n) {
      const begun = now()
      const works = await contender.setups(n, body)
      const prekeys = ((now() - begun) * 1000) / n
      const [time, opened] = await times(contender, n, (i) => (works[i] as () => Maybe<unknown>)())
      for (const each of opened) consume(contender.bytes(each))
      return { setup: time, prekeys }
    },
  }
}

/** What a batch is sized by: the slowest of its timed parts, prekeys aside. */
function cost(sample: Sample): number {
  const timed = Object.entries(sample).filter(([row]) => row !== 'prekeys')
  return Math.max(...timed.map(([, time]) => time))
}

/** Most pieces in one batch: a device never has more one-time prekeys out, nor so many unread messages. */
const MAX_BATCH = 200

async function warmUp(work: Work, { warmUpMs, batchMs }: Pace): Promise<number> {
  const end = now() + warmUpMs
  let n = 2
  do {
    const time = cost(await work.run(n))
    n = Math.max(1, Math.min(MAX_BATCH, n * 4, Math.round((batchMs * 1000) / time)))
  } while (now() < end)
  return n
}

export type Samples = ReadonlyMap<string, Readonly<Record<string, number[]>>>

/** All contenders take turns in each round, and the order turns with the round. */
export async function compete(works: readonly Work[], pace: Pace): Promise<Samples> {
  const sizes: number[] = []
  for (const work of works) sizes.push(await warmUp(work, pace))
  const all = new Map<string, Record<string, number[]>>(works.map(({ name }) => [name, {}]))
  for (let round = 0; round < pace.rounds; round++) {
    for (let turn = 0; turn < works.length; turn++) {
      const at = (turn + round) % works.length
      const work = works[at] as Work
      const rows = all.get(work.name) as Record<string, number[]>
      for (const [row, time] of Object.entries(await work.run(sizes[at] as number))) {
        rows[row] ??= []
        rows[row].push(time)
      }
    }
  }
  return all
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** Every way of sending that is timed, once with random bodies: what arrives must be what was sent. */
export async function prove(contender: Contender): Promise<void> {
  const [alice, bob] = await contender.pair()
  const fresh = (length: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(length))
  for (let i = 0; i < 24; i++) {
    const body = contender.body(fresh(i % 3 === 0 ? 1024 : 64))
    const [from, to] = i % 4 < 2 ? [alice, bob] : [bob, alice]
    const opened = await to.decrypt(await from.encrypt(body))
    if (!same(contender.bytes(opened), contender.bytes(body)))
      throw new Error(`${contender.name} changed a message`)
  }
  const body = contender.body(fresh(64))
  for (const work of await contender.setups(3, body)) {
    if (!same(contender.bytes(await work()), contender.bytes(body)))
      throw new Error(`${contender.name} changed a first message`)
  }
}

const BODY = 64
const LONG_BODY = 1024

/** Every group of rows, each measured across all contenders before the next. */
export async function competeAll(contenders: readonly Contender[], pace: Pace): Promise<Samples[]> {
  const works: Work[][] = [[], [], [], []]
  for (const contender of contenders) {
    await prove(contender)
    works[0]?.push(oneWay(contender, await contender.pair(), new Uint8Array(BODY).fill(7), '64'))
    works[1]?.push(oneWay(contender, await contender.pair(), new Uint8Array(LONG_BODY).fill(7), '1k'))
    works[2]?.push(pingpong(contender, await contender.pair(), new Uint8Array(BODY).fill(7)))
    works[3]?.push(setup(contender, new Uint8Array(BODY).fill(7)))
  }
  const groups: Samples[] = []
  for (const group of works) groups.push(await compete(group, pace))
  return groups
}
