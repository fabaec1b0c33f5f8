/** Kills a relay again and again, at named points and at random times, and compares what it said with what it kept. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type KillClient, openKillClient } from './kill-client.js'
import { createLedger, type Ledger, lostOf } from './kill-ledger.js'
import { KILL_POINTS, type KillPoint } from './kill-points.js'
import { newBox } from './relay.js'

export interface KillReport {
  readonly kills: number
  /** Kills by the point at which the relay killed itself, or `time`. */
  readonly byPoint: Readonly<Record<string, number>>
  readonly stored: number
  readonly confirmed: number
  readonly lost: number
  readonly returned: number
}

const BOXES = 4
/** Visits of a point before the kill: from the first to well into the load. */
const MAX_VISITS = 40
/** A random kill comes within this time of the first answer, in ms. */
const MAX_LIFE_MS = 120
/** A point that is not reached by then is replaced by a kill from outside. */
const PATIENCE_MS = 2_000

interface Standby {
  readonly child: ChildProcess
  readonly said: Promise<string>
  readonly exited: Promise<unknown>
}

/** A process that has loaded everything and waits for its order. */
function standBy(script: string, folder: string, port: number): Standby {
  const child = spawn(process.execPath, [script, folder, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (child.stdout === null) throw new Error('no output')
  const exited = once(child, 'exit')
  const said = once(createInterface({ input: child.stdout }), 'line').then(([line]) => line as string)
  return { child, said, exited }
}

function order({ child }: Standby, point: KillPoint | 'never', count: number): void {
  child.stdin?.write(`${point} ${count}\n`)
}

function randomInt(most: number): number {
  return Math.floor(Math.random() * most)
}

async function untilAnswered(client: KillClient): Promise<void> {
  while (client.answered() === 0) await sleep(1)
}

/** One life under load; resolves with what ended it. */
async function live(
  relay: Standby,
  ledgers: readonly Ledger[],
  point: KillPoint | undefined,
): Promise<string> {
  order(relay, point ?? 'never', 1 + randomInt(MAX_VISITS))
  // A relay that dies before it listens says nothing.
  const url = await Promise.race([relay.said, relay.exited.then(() => undefined)])
  if (typeof url !== 'string') throw new Error('the relay did not start')
  const client = openKillClient(url, ledgers)
  const timer = new AbortController()
  const wait = point === undefined ? randomInt(MAX_LIFE_MS) : PATIENCE_MS
  const outside = Promise.race([untilAnswered(client), client.closed])
    .then(() => sleep(wait, undefined, { signal: timer.signal }))
    .then(() => relay.child.kill('SIGKILL'))
    .catch(() => {})
  await relay.exited
  timer.abort()
  await Promise.all([client.closed, outside])
  return relay.child.signalCode === 'SIGKILL' && point !== undefined ? point : 'time'
}

/** A life without a kill, in which everything is read. */
async function look(relay: Standby, ledgers: readonly Ledger[]): Promise<number> {
  order(relay, 'never', 0)
  const client = openKillClient(await relay.said, ledgers)
  await untilAnswered(client)
  client.rest()
  while (ledgers.some(({ open }) => open.size > 0)) await sleep(2)
  let lost = 0
  for (const ledger of ledgers) lost += lostOf(ledger, await client.fetch(ledger)).length
  client.close()
  relay.child.stdin?.end()
  await relay.exited
  return lost
}

/** `note` hears of each kill. */
export async function killRelays(
  script: string,
  folder: string,
  kills: number,
  note: (done: number) => void = () => {},
): Promise<KillReport> {
  const ledgers = Array.from({ length: BOXES }, () => createLedger(newBox()))
  const byPoint: Record<string, number> = {}
  const first = standBy(script, folder, 0)
  let lost = await look(first, ledgers)
  const port = Number(new URL(await first.said).port)
  let next = standBy(script, folder, port)
  for (let kill = 0; kill < kills; kill++) {
    const relay = next
    next = standBy(script, folder, port)
    // Points in turn, and a random time after each round of them.
    const point = KILL_POINTS[kill % (KILL_POINTS.length + 2)]
    const how = await live(relay, ledgers, point)
    byPoint[how] = (byPoint[how] ?? 0) + 1
    note(kill + 1)
  }
  lost += await look(next, ledgers)
  const sum = (count: (ledger: Ledger) => number): number => ledgers.reduce((all, one) => all + count(one), 0)
  return {
    kills,
    byPoint,
    stored: sum(({ stored }) => stored.size),
    confirmed: sum(
      ({ delivered, confirmed }) => [...delivered.values()].filter((at) => at <= confirmed).length,
    ),
    lost,
    returned: sum(({ returned }) => returned),
  }
}
