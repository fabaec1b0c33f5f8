/** Load on several relays that share an engine, and what must hold afterwards whatever was killed meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type BoxKey, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { signStockUpload } from '@hyphae/tlv'
import { expect } from 'vitest'
import type { RelayProcess } from '../support/child.js'
import { connect, newBox } from '../support/relay.js'

type Carrier = Awaited<ReturnType<typeof connect>>

/** What was said about one box. Ids are the first bytes of the frames. */
export interface Ledger {
  readonly box: BoxKey
  readonly sender: Carrier
  readonly reader: Carrier
  /** Acknowledged by a relay. */
  readonly stored: Set<string>
  /** Cursor of each frame that was delivered. */
  readonly delivered: Map<string, number>
  /** Cursors up to which the recipient has acknowledged, and up to which a relay has confirmed it. */
  asked: number
  confirmed: number
  /** Deliveries of an id at a second place. */
  doubled: number
}

export interface Load {
  readonly ledgers: readonly Ledger[]
  /** Acknowledged puts so far. */
  stored(): number
  /** One-time items that were handed out. */
  readonly taken: string[]
  /** Ends the load; all connections close. */
  stop(): Promise<void>
}

const BOXES_A_PAIR = 3
const FRAMES_A_PUT = 20
/** Some thousand messages a second: what is tested is what becomes of them, not how many there can be. */
const PAUSE_MS = 30
const KIND = 1

function idOf(frame: Uint8Array): string {
  return toHex(frame.subarray(0, 16))
}

/** The same frames again until a relay has acknowledged them: that must not store them twice. */
async function send(stop: AbortSignal, { box, sender, stored }: Ledger): Promise<void> {
  while (!stop.aborted) {
    const batch = Array.from({ length: FRAMES_A_PUT }, () => {
      const frame = crypto.randomBytes(512)
      return { box: box.id, id: frame.slice(0, 16), frame }
    })
    for (let done = false; !done && !stop.aborted; ) {
      done = await sender.mailbox.put(batch, { signal: stop }).then(
        () => true,
        () => false,
      )
      if (done) for (const { frame } of batch) stored.add(idOf(frame))
      await sleep(PAUSE_MS)
    }
  }
}

function note(ledger: Ledger, frame: Uint8Array, cursor: number): void {
  const before = ledger.delivered.get(idOf(frame))
  if (before !== undefined && before !== cursor) ledger.doubled += 1
  ledger.delivered.set(idOf(frame), cursor)
}

async function read(stop: AbortSignal, ledger: Ledger): Promise<void> {
  while (!stop.aborted) {
    try {
      for await (const { frame, cursor, ack } of ledger.reader.mailbox.watch(ledger.box, { signal: stop })) {
        note(ledger, frame, cursor)
        // Not every one, so that something is left to be lost.
        if (Math.random() < 0.9) continue
        ledger.asked = Math.max(ledger.asked, cursor)
        ack().then(
          () => {
            ledger.confirmed = Math.max(ledger.confirmed, cursor)
          },
          () => {},
        )
      }
    } catch {
      // The relay could not read its store for a while.
      if (!stop.aborted) await sleep(50)
    }
  }
}

async function take(stop: AbortSignal, carrier: Carrier, writer: Uint8Array, taken: string[]): Promise<void> {
  while (!stop.aborted) {
    const item = await carrier.directory.take(writer, KIND, { signal: stop }).catch(() => undefined)
    if (item !== undefined && !item.lastResort) taken.push(toHex(item.item))
    await sleep(20)
  }
}

async function stockItems(carrier: Carrier, key: ReturnType<typeof crypto.ed25519.generate>): Promise<void> {
  for (let sequence = 1; sequence <= 4; sequence++) {
    const items = Array.from({ length: 250 }, () => crypto.randomBytes(32))
    const statement = { kind: KIND, sequence, items, lastResort: new Uint8Array(0), replace: false }
    await carrier.directory.stock(signStockUpload(crypto, key, statement))
  }
}

/** Senders put at one relay, readers watch at the next one. */
export async function startLoad(relays: readonly RelayProcess[]): Promise<Load> {
  const stop = new AbortController()
  const carriers: Carrier[] = []
  const dial = async (n: number): Promise<Carrier> => {
    const carrier = await connect((relays[n % relays.length] as RelayProcess).said)
    carriers.push(carrier)
    return carrier
  }
  const ledgers: Ledger[] = []
  for (let n = 0; n < relays.length; n++) {
    const [sender, reader] = [await dial(n), await dial(n + 1)]
    for (let box = 0; box < BOXES_A_PAIR; box++) {
      const counts = { asked: 0, confirmed: 0, doubled: 0 }
      ledgers.push({ box: newBox(), sender, reader, stored: new Set(), delivered: new Map(), ...counts })
    }
  }
  const writer = crypto.ed25519.generate()
  const taken: string[] = []
  await stockItems(carriers[0] as Carrier, writer)
  const work = [
    ...ledgers.flatMap((ledger) => [send(stop.signal, ledger), read(stop.signal, ledger)]),
    ...relays.map((_, n) => take(stop.signal, carriers[2 * n] as Carrier, writer.publicKey, taken)),
  ]
  return {
    ledgers,
    taken,
    stored: () => ledgers.reduce((sum, { stored }) => sum + stored.size, 0),
    stop: async () => {
      stop.abort()
      await Promise.all(work)
      await Promise.all(carriers.map((carrier) => carrier.close()))
    },
  }
}

/** Waits until so much is acknowledged in all. */
export async function untilStored(load: Load, count: number): Promise<void> {
  while (load.stored() < count) await sleep(20)
}

/** Nothing acknowledged is lost, nothing acknowledged by its recipient returns, nothing is there twice. */
export async function expectNothingLost(load: Load, relay: RelayProcess): Promise<void> {
  const last = await connect(relay.said)
  for (const ledger of load.ledgers) {
    const { box, stored, delivered, asked, confirmed } = ledger
    const left = await last.mailbox.fetch(box, { limit: 100_000 })
    const here = new Set(left.map(({ frame }) => idOf(frame)))
    const lost = [...stored].filter((id) => !here.has(id) && (delivered.get(id) ?? Infinity) > asked)
    expect(lost).toEqual([])
    expect(left.filter(({ cursor }) => cursor <= confirmed)).toEqual([])
    for (const { frame, cursor } of left) note(ledger, frame, cursor)
    expect(here.size).toBe(left.length)
    expect(ledger.doubled).toBe(0)
    expect(stored.size).toBeGreaterThan(0)
    expect(confirmed).toBeGreaterThan(0)
  }
  expect(load.taken.length).toBeGreaterThan(0)
  expect(new Set(load.taken).size).toBe(load.taken.length)
  await last.close()
}
