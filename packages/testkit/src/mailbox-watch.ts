/** Watching a mailbox: what waits, what comes, where it starts again, and how it ends. */
import type { BoxKey, Delivery, Mailbox } from '@hyphae/core'
import { createBoxKey, type MakeCarrierCase, randomPut } from './carrier-subject.js'
import { type ComplianceCase, pause, rule, ruleBytes, soon } from './compliance.js'
import { PATIENCE_MS, QUIET_MS } from './limits.js'
import { type MailboxComplianceOptions, mailboxPair } from './mailbox-subject.js'

/** The first `count` deliveries of a new watch; acknowledges those that `acks` picks. */
async function watchSome(
  mailbox: Mailbox,
  key: BoxKey,
  count: number,
  patienceMs: number,
  acks: (index: number) => boolean = () => false,
): Promise<Delivery[]> {
  const stop = new AbortController()
  const seen: Delivery[] = []
  const read = async (): Promise<void> => {
    for await (const delivery of mailbox.watch(key, { signal: stop.signal })) {
      if (acks(seen.length)) await delivery.ack()
      seen.push(delivery)
      if (seen.length === count) return
    }
  }
  try {
    await soon(read(), `${count} deliveries`, patienceMs)
  } finally {
    stop.abort()
  }
  return seen
}

export function mailboxWatchCases(
  make: MakeCarrierCase,
  { crypto, patienceMs = PATIENCE_MS }: MailboxComplianceOptions,
): ComplianceCase[] {
  return [
    make('watch gives what waits, then what comes, in order', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 6 }, () => randomPut(crypto, key.id))
      await sender.put(puts.slice(0, 3))
      const watching = watchSome(reader, key, 6, patienceMs, () => true)
      await pause(QUIET_MS)
      for (const put of puts.slice(3)) await sender.put([put])
      const seen = await watching
      seen.forEach(({ frame }, index) => {
        ruleBytes(frame, (puts[index] as (typeof puts)[number]).frame, 'in order')
      })
      rule((await reader.fetch(key)).length === 0, 'all acknowledged')
    }),
    make('a new watch starts at the oldest that was not acknowledged', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 5 }, () => randomPut(crypto, key.id))
      await sender.put(puts)
      await watchSome(reader, key, 4, patienceMs, (index) => index === 1)
      const again = await watchSome(reader, key, 3, patienceMs)
      again.forEach(({ frame }, index) => {
        ruleBytes(frame, (puts[index + 2] as (typeof puts)[number]).frame, 'from the third on')
      })
    }),
    make('an acknowledgement that comes late still counts', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 3 }, () => randomPut(crypto, key.id))
      await sender.put(puts)
      const seen = await watchSome(reader, key, 3, patienceMs)
      await seen[1]?.ack()
      const left = await reader.fetch(key)
      rule(left.length === 1, `one left; came ${left.length}`)
      ruleBytes(left[0]?.frame, (puts[2] as (typeof puts)[number]).frame, 'the third')
    }),
    make('the signal ends a watch that waits', async (subject) => {
      const { reader } = mailboxPair(subject)
      const stop = new AbortController()
      const iterator = reader.watch(createBoxKey(crypto), { signal: stop.signal })[Symbol.asyncIterator]()
      const next = iterator.next()
      await pause(QUIET_MS)
      stop.abort()
      rule((await soon(next, 'the end of the watch', patienceMs)).done === true, 'it ends, it does not throw')
      rule((await soon(iterator.next(), 'the end again', patienceMs)).done === true, 'and stays ended')
    }),
    make('a signal that fired before gives an empty watch', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put([randomPut(crypto, key.id)])
      const iterator = reader.watch(key, { signal: AbortSignal.abort() })[Symbol.asyncIterator]()
      rule(
        (await soon(iterator.next(), 'the end of the watch', patienceMs)).done === true,
        'nothing is given',
      )
    }),
    make('a watch that is not read takes nothing away', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put(Array.from({ length: 50 }, () => randomPut(crypto, key.id, 128)))
      await watchSome(reader, key, 1, patienceMs)
      rule((await reader.fetch(key)).length === 50, 'all fifty still wait')
    }),
    make('watches of two boxes run side by side', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const keys = [createBoxKey(crypto), createBoxKey(crypto)]
      const watching = keys.map((key) => watchSome(reader, key, 2, patienceMs, () => true))
      await pause(QUIET_MS)
      const puts = [...keys, ...keys].map((key) => randomPut(crypto, key.id, 128))
      for (const put of puts) await sender.put([put])
      const seen = await Promise.all(watching)
      seen.forEach((deliveries, box) => {
        ruleBytes(deliveries[0]?.frame, (puts[box] as (typeof puts)[number]).frame, 'its first')
        ruleBytes(deliveries[1]?.frame, (puts[box + 2] as (typeof puts)[number]).frame, 'its second')
      })
    }),
  ]
}
