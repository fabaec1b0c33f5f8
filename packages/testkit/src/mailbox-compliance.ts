/** What every Mailbox must do (spec/transport.md, "Mailboxes"). */
import { FRAME_SIZES } from '@hyphae/core'
import { type CarrierSubject, createBoxKey, randomPut } from './carrier-subject.js'
import { type ComplianceCase, caseWith, rule, ruleBytes, ruleRefused } from './compliance.js'
import { mailboxFaultCases } from './mailbox-faults.js'
import { type MailboxComplianceOptions, mailboxPair, type OpenMailbox } from './mailbox-subject.js'
import { mailboxWatchCases } from './mailbox-watch.js'

/** Each case opens a fresh network. */
export function mailboxCompliance(open: OpenMailbox, options: MailboxComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  const cases = [
    make('frames come back as they went, oldest first', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = FRAME_SIZES.map((size) => randomPut(crypto, key.id, size))
      for (const put of puts) await sender.put([put])
      const found = await reader.fetch(key)
      rule(found.length === puts.length, `all of them; came ${found.length}`)
      found.forEach(({ frame }, index) => {
        ruleBytes(frame, (puts[index] as (typeof puts)[number]).frame, 'in the order they were stored')
      })
      rule(rises(found.map(({ cursor }) => cursor)), 'cursors rise')
    }),
    make('many frames in one put keep their order', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 20 }, () => randomPut(crypto, key.id, 128))
      await sender.put(puts)
      const found = await reader.fetch(key)
      rule(found.length === 20, `all of them; came ${found.length}`)
      found.forEach(({ frame }, index) => {
        ruleBytes(frame, (puts[index] as (typeof puts)[number]).frame, 'in the order they were given')
      })
    }),
    make('put is idempotent by id', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const put = randomPut(crypto, key.id)
      await sender.put([put, put])
      await sender.put([put])
      rule((await reader.fetch(key)).length === 1, 'one frame')
      const [delivery] = await reader.fetch(key)
      await delivery?.ack()
      await sender.put([put])
      rule((await reader.fetch(key)).length === 0, 'a late retry does not bring it back')
    }),
    make('fetch repeats what was not acknowledged', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put([randomPut(crypto, key.id)])
      const [first] = await reader.fetch(key)
      const [second] = await reader.fetch(key)
      rule(first !== undefined && second !== undefined, 'at least once')
      ruleBytes(second.frame, first.frame, 'the same frame')
    }),
    make('acknowledging is cumulative', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const puts = Array.from({ length: 5 }, () => randomPut(crypto, key.id))
      await sender.put(puts)
      const found = await reader.fetch(key)
      await found[2]?.ack()
      const left = await reader.fetch(key)
      rule(left.length === 2, `the third acknowledges the first three; left ${left.length}`)
      ruleBytes(left[0]?.frame, (puts[3] as (typeof puts)[number]).frame, 'the fourth is next')
      await found[0]?.ack()
      await found[2]?.ack()
      rule((await reader.fetch(key)).length === 2, 'acknowledging again changes nothing')
    }),
    make('fetch gives at most its limit', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put(Array.from({ length: 5 }, () => randomPut(crypto, key.id)))
      rule((await reader.fetch(key, { limit: 2 })).length === 2, 'two')
    }),
    make('two boxes do not mix', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const [mine, yours] = [createBoxKey(crypto), createBoxKey(crypto)]
      const [toMe, toYou] = [randomPut(crypto, mine.id), randomPut(crypto, yours.id)]
      await sender.put([toMe, toYou])
      const [atMine, ...more] = await reader.fetch(mine)
      rule(more.length === 0, 'each box has its own')
      ruleBytes(atMine?.frame, toMe.frame, 'mine')
      await atMine?.ack()
      const [atYours] = await reader.fetch(yours)
      ruleBytes(atYours?.frame, toYou.frame, 'acknowledging one leaves the other')
    }),
    make('the same id in two boxes is two frames', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const [mine, yours] = [createBoxKey(crypto), createBoxKey(crypto)]
      const put = randomPut(crypto, mine.id)
      await sender.put([put, { ...put, box: yours.id }])
      rule((await reader.fetch(mine)).length === 1, 'here')
      rule((await reader.fetch(yours)).length === 1, 'and there')
    }),
    make('what is not a frame is refused, and nothing of the put is stored', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const good = randomPut(crypto, key.id)
      for (const size of [0, 1, 127, 129, 511, 2047, 4095, 4097, 8192])
        await ruleRefused(() => sender.put([good, randomPut(crypto, key.id, size)]), `${size} bytes`)
      await ruleRefused(() => sender.put([{ ...good, id: new Uint8Array(15) }]), 'an id of 15 bytes')
      rule((await reader.fetch(key)).length === 0, 'the good frame beside it neither')
    }),
    make('an aborted put is refused', async (subject) => {
      const { sender } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      const signal = AbortSignal.abort()
      await ruleRefused(() => sender.put([randomPut(crypto, key.id)], { signal }), 'aborted before it began')
    }),
    make('an aborted fetch is refused', async (subject) => {
      const { reader } = mailboxPair(subject)
      const signal = AbortSignal.abort()
      await ruleRefused(() => reader.fetch(createBoxKey(crypto), { signal }), 'aborted before it began')
    }),
    ...mailboxWatchCases(make, options),
    ...mailboxFaultCases(open, options),
  ]
  return options.checksProofs === false ? cases : [...cases, ...proofCases(make, options)]
}

function proofCases(
  make: (name: string, body: (subject: CarrierSubject) => Promise<void>) => ComplianceCase,
  { crypto }: MailboxComplianceOptions,
): ComplianceCase[] {
  return [
    make('the wrong key reads nothing', async (subject) => {
      const { sender, reader } = mailboxPair(subject)
      const key = createBoxKey(crypto)
      await sender.put([randomPut(crypto, key.id)])
      const thief = { id: key.id, sign: createBoxKey(crypto).sign }
      await ruleRefused(() => reader.fetch(thief), 'fetch with another key')
      const stop = new AbortController()
      const watched = reader.watch(thief, { signal: stop.signal })[Symbol.asyncIterator]()
      await ruleRefused(() => watched.next(), 'watch with another key')
      stop.abort()
      rule((await reader.fetch(key)).length === 1, 'the owner still has it')
    }),
  ]
}

function rises(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number))
}
