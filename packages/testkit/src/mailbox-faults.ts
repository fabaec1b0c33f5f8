/** A mailbox over time: cursors, lifetimes, connections that break, and strangers that speak nonsense. */
import { type BoxKey, type Delivery, equalBytes, type Mailbox, type MailboxPut } from '@hyphae/core'
import { createBoxKey, randomPut } from './carrier-subject.js'
import { again, type ComplianceCase, caseWith, given, pause, rule, ruleBytes, soon } from './compliance.js'
import { PATIENCE_MS, QUIET_MS } from './limits.js'
import { type MailboxComplianceOptions, mailboxPair, type OpenMailbox } from './mailbox-subject.js'

const NONSENSE_BYTES = [0, 1, 2, 3, 64, 512, 4096, 100_000]

export function mailboxFaultCases(open: OpenMailbox, options: MailboxComplianceOptions): ComplianceCase[] {
  return [cursorCase(open, options), ...lifetimeCases(open, options), ...brokenCases(open, options)]
}

function cursorCase(
  open: OpenMailbox,
  { crypto, patienceMs = PATIENCE_MS }: MailboxComplianceOptions,
): ComplianceCase {
  return caseWith(open)('a cursor never goes back', async (subject) => {
    const { sender, reader } = mailboxPair(subject)
    const key = createBoxKey(crypto)
    let highest = Number.NEGATIVE_INFINITY
    // The last round finds a box that is empty: what comes then comes after all that was there.
    for (let round = 0; round < 3; round++) {
      const puts = [randomPut(crypto, key.id), randomPut(crypto, key.id)]
      await sender.put(puts)
      const found = await soon(fetchAll(reader, key, puts), 'what was put', patienceMs)
      const fresh = found.filter((delivery) => puts.some((put) => isOf(delivery, put)))
      rule(
        fresh.every(({ cursor }) => cursor > highest),
        'what comes later has a higher one than all before',
      )
      highest = Math.max(...fresh.map(({ cursor }) => cursor))
      await found[round === 0 ? 0 : found.length - 1]?.ack()
    }
  })
}

const isOf = ({ frame }: Delivery, put: MailboxPut): boolean => equalBytes(frame, put.frame)

/** What the box holds, when all of `puts` are there: where both ends are nodes, a frame may still be under way. */
async function fetchAll(reader: Mailbox, key: BoxKey, puts: readonly MailboxPut[]): Promise<Delivery[]> {
  for (;;) {
    const found = await reader.fetch(key)
    if (puts.every((put) => found.some((delivery) => isOf(delivery, put)))) return found
    await pause(QUIET_MS)
  }
}

function lifetimeCases(open: OpenMailbox, { crypto }: MailboxComplianceOptions): ComplianceCase[] {
  return [
    caseWith(open)('what has outlived its time is not given, and the box goes on', async (subject) => {
      given(subject.expire, 'expire')
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put([randomPut(crypto, key.id), randomPut(crypto, key.id)])
      const before = (await reader.fetch(key)).map(({ cursor }) => cursor)
      rule(before.length === 2, 'both wait')
      await subject.expire()
      rule((await reader.fetch(key)).length === 0, 'both are gone')
      const next = randomPut(crypto, key.id)
      await sender.put([next])
      const [found, ...more] = await reader.fetch(key)
      rule(found !== undefined && more.length === 0, 'what comes then is there, alone')
      ruleBytes(found.frame, next.frame, 'as it went')
      rule(found.cursor > Math.max(...before), 'its cursor is higher than theirs were')
    }),
  ]
}

function brokenCases(
  open: OpenMailbox,
  { crypto, patienceMs = PATIENCE_MS }: MailboxComplianceOptions,
): ComplianceCase[] {
  const make = caseWith(open)
  return [
    make('a watch goes on when its connection was cut, and misses nothing', async (subject) => {
      given(subject.cut, 'cut')
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 6 }, () => randomPut(crypto, key.id))
      const ear = listen(reader, key)
      for (const [index, put] of puts.entries()) {
        if (index % 2 === 1) await subject.cut()
        await again(() => sender.put([put]), patienceMs)
        await soon(ear.heard(put), `frame ${index + 1} after ${Math.ceil(index / 2)} cuts`, patienceMs)
      }
      await ear.stop(patienceMs)
      const order = ear.order(puts)
      rule(
        order.every((place, index) => index === 0 || place >= (order[index - 1] as number)),
        'nothing comes after what was put later and acknowledged',
      )
    }),
    make('nonsense of strangers disturbs nobody', async (subject) => {
      given(subject.garble, 'garble')
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const ear = listen(reader, key)
      const first = randomPut(crypto, key.id)
      await sender.put([first])
      await soon(ear.heard(first), 'a frame before', patienceMs)
      for (const size of NONSENSE_BYTES)
        await soon(subject.garble(crypto.randomBytes(size)), 'the end of saying nonsense', patienceMs)
      await pause(QUIET_MS)
      const last = randomPut(crypto, key.id)
      await sender.put([last])
      await soon(ear.heard(last), 'a frame after', patienceMs)
      await ear.stop(patienceMs)
      rule(ear.order([first, last]).join() === '0,1', 'nothing else is heard')
    }),
  ]
}

/** A watch that acknowledges what it is given and keeps it. */
function listen(reader: Mailbox, key: BoxKey) {
  const stop = new AbortController()
  const frames: Uint8Array[] = []
  const waiters = new Set<() => void>()
  const has = ({ frame }: MailboxPut): boolean => frames.some((one) => equalBytes(one, frame))
  const over = (async (): Promise<void> => {
    for await (const delivery of reader.watch(key, { signal: stop.signal })) {
      frames.push(delivery.frame)
      // One that is lost with the connection is given again.
      await delivery.ack().catch(() => {})
      for (const look of [...waiters]) look()
    }
  })()
  over.catch(() => {})
  return {
    /** Also when the watch has ended: the frame then never comes. */
    heard: (put: MailboxPut): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!has(put)) return
          waiters.delete(look)
          resolve()
        }
        waiters.add(look)
        look()
        over.catch(reject)
      }),
    stop: async (patienceMs: number): Promise<void> => {
      stop.abort()
      await soon(over, 'the end of the watch', patienceMs)
    },
    /** Which of `puts` came, as places in it; -1 for what none of them is. */
    order: (puts: readonly MailboxPut[]): number[] =>
      frames.map((frame) => puts.findIndex((put) => equalBytes(put.frame, frame))),
  }
}
