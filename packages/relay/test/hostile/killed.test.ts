import { setTimeout as sleep } from 'node:timers/promises'
import { type BoxKey, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signStockUpload } from '@hyphae/tlv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleChild } from '../support/bundle.js'
import { type RelayProcess, spawnRelay } from '../support/child.js'
import { connect, newBox, temporaryFolder } from '../support/relay.js'

type Carrier = Awaited<ReturnType<typeof connect>>

let script: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  script = await bundleChild('relay')
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const KILLS = 10
const KIND = 1

/** What was said about one box. Ids are the first bytes of the frames. */
interface Ledger {
  readonly box: BoxKey
  /** Acknowledged by the relay. */
  readonly stored: Set<string>
  /** Cursor of each frame that was delivered. */
  readonly delivered: Map<string, number>
  /** Cursors up to which the recipient has acknowledged, and up to which the relay has confirmed it. */
  asked: number
  confirmed: number
  /** Deliveries of what had been confirmed. */
  returned: number
}

function idOf(frame: Uint8Array): string {
  return toHex(frame.subarray(0, 16))
}

async function sendUntil(stop: AbortSignal, carrier: Carrier, { box, stored }: Ledger): Promise<void> {
  while (!stop.aborted) {
    const batch = Array.from({ length: 5 }, () => {
      const frame = crypto.randomBytes(512)
      return { box: box.id, id: frame.slice(0, 16), frame }
    })
    await carrier.mailbox.put(batch).then(
      () => {
        for (const { frame } of batch) stored.add(idOf(frame))
      },
      // Not acknowledged: may or may not be there.
      () => {},
    )
  }
}

async function readUntil(stop: AbortSignal, carrier: Carrier, ledger: Ledger): Promise<void> {
  for await (const { frame, cursor, ack } of carrier.mailbox.watch(ledger.box, { signal: stop })) {
    if (cursor <= ledger.confirmed) ledger.returned += 1
    ledger.delivered.set(idOf(frame), cursor)
    // Not every one, so that something is left to be lost.
    if (Math.random() < 0.7) continue
    ledger.asked = Math.max(ledger.asked, cursor)
    ack().then(
      () => {
        ledger.confirmed = Math.max(ledger.confirmed, cursor)
      },
      () => {},
    )
  }
}

async function takeUntil(
  stop: AbortSignal,
  carrier: Carrier,
  writer: Uint8Array,
  taken: string[],
): Promise<void> {
  while (!stop.aborted) {
    const item = await carrier.directory.take(writer, KIND).catch(() => undefined)
    if (item !== undefined && !item.lastResort) taken.push(toHex(item.item))
    await sleep(5)
  }
}

async function refill(carrier: Carrier, key: ReturnType<typeof crypto.ed25519.generate>): Promise<void> {
  for (let sequence = 1; sequence <= 4; sequence++) {
    const items = Array.from({ length: 250 }, () => crypto.randomBytes(32))
    const statement = { kind: KIND, sequence, items, lastResort: new Uint8Array(0), replace: false }
    await carrier.directory.stock(signStockUpload(crypto, key, statement))
  }
}

/** Frames every relay acknowledges for each box before it is killed, however slow the machine. */
const EACH_LIFE = 15

async function killAgainAndAgain(
  first: RelayProcess,
  port: number,
  ledgers: readonly Ledger[],
): Promise<RelayProcess> {
  let relay = first
  for (let kill = 0; kill < KILLS; kill++) {
    const wanted = ledgers.map(({ stored }) => stored.size + EACH_LIFE)
    while (ledgers.some(({ stored }, i) => stored.size < (wanted[i] as number))) await sleep(5)
    await sleep(Math.random() * 250)
    await relay.kill()
    relay = await spawnRelay(script, folder.path, port)
    expect(relay.said).toBe(`ws://127.0.0.1:${port}`)
  }
  return relay
}

describe('hostile 35: a relay killed with SIGKILL again and again under load', () => {
  it('loses nothing it acknowledged, returns nothing that was acknowledged to it, hands out nothing twice', async () => {
    const first = await spawnRelay(script, folder.path)
    const port = Number(new URL(first.said).port)
    const stop = new AbortController()
    const carriers = await Promise.all(Array.from({ length: 6 }, () => connect(first.said)))
    const ledgers: Ledger[] = Array.from({ length: 3 }, () => ({
      box: newBox(),
      stored: new Set(),
      delivered: new Map(),
      asked: 0,
      confirmed: 0,
      returned: 0,
    }))
    const writer = crypto.ed25519.generate()
    const taken: string[] = []
    await refill(carriers[0] as Carrier, writer)
    const work = ledgers.flatMap((ledger, i) => [
      sendUntil(stop.signal, carriers[2 * i] as Carrier, ledger),
      readUntil(stop.signal, carriers[2 * i + 1] as Carrier, ledger),
      takeUntil(stop.signal, carriers[2 * i] as Carrier, writer.publicKey, taken),
    ])
    const last = await killAgainAndAgain(first, port, ledgers)
    await sleep(300)
    stop.abort()
    await Promise.all(work)
    await Promise.all(carriers.map((carrier) => carrier.close()))
    await last.kill()

    const relay = await spawnRelay(script, folder.path, port)
    const reader = await connect(relay.said)
    for (const { box, stored, delivered, asked, confirmed, returned } of ledgers) {
      const left = await reader.mailbox.fetch(box, { limit: 5000 })
      const here = new Set(left.map(({ frame }) => idOf(frame)))
      const lost = [...stored].filter((id) => !here.has(id) && (delivered.get(id) ?? Infinity) > asked)
      expect(lost).toEqual([])
      expect(left.filter(({ cursor }) => cursor <= confirmed)).toEqual([])
      expect(returned).toBe(0)
      expect(stored.size).toBeGreaterThan(100)
      expect(confirmed).toBeGreaterThan(0)
    }
    expect(taken.length).toBeGreaterThan(10)
    expect(new Set(taken).size).toBe(taken.length)
    await reader.close()
    await relay.stop()
  }, 180_000)
})
