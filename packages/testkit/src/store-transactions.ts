/** Atomicity, isolation, durability and closing: the part of a Store that is transactional. */
import { toHex } from '@hyphae/core'
import { type ComplianceCase, pause, rule, ruleBytes, ruleRefused } from './compliance.js'
import type { MakeStoreCase } from './store-subject.js'

const ONE: Uint8Array = Uint8Array.of(1)
const TWO: Uint8Array = Uint8Array.of(2)
const CONCURRENT = 100

export function storeTransactionCases(make: MakeStoreCase): ComplianceCase[] {
  return [
    make('a transaction sees its own writes', async ({ store }) => {
      await store.transact((tx) => {
        for (const n of [1, 2, 3]) tx.put(['t', n], ONE)
      })
      await store.transact(async (tx) => {
        tx.put(['t', 2], TWO)
        tx.put(['t', 4], TWO)
        tx.delete(['t', 1])
        ruleBytes(await tx.get(['t', 2]), TWO, 'get sees the put')
        rule((await tx.get(['t', 1])) === undefined, 'get sees the delete')
        const seen = (await tx.list(['t'])).map(({ key, value }) => `${key[1]}=${toHex(value)}`)
        rule(seen.join() === '2=02,3=01,4=02', `list merges; came ${seen.join()}`)
        const top = (await tx.list(['t'], { limit: 2, reverse: true })).map(({ key }) => key[1])
        rule(top.join() === '4,3', `list merges before it limits; came ${top.join()}`)
        const low = (await tx.list(['t'], { limit: 1 })).map(({ key }) => key[1])
        rule(low.join() === '2', `a deleted record takes no place; came ${low.join()}`)
      })
    }),
    make('a limit counts what is left after the own deletes', async ({ store }) => {
      await store.transact((tx) => {
        for (const n of [1, 2, 3, 4]) tx.put(['t', n], ONE)
      })
      await store.transact(async (tx) => {
        tx.delete(['t', 1])
        tx.delete(['t', 4])
        const numbers = async (reverse: boolean): Promise<string> =>
          (await tx.list(['t'], { limit: 2, reverse })).map(({ key }) => key[1]).join()
        rule((await numbers(false)) === '2,3', 'from the low end')
        rule((await numbers(true)) === '3,2', 'from the high end')
      })
    }),
    make('transact gives what work gives', async ({ store }) => {
      rule((await store.transact(() => 42)) === 42, 'a plain value')
      rule((await store.transact(async () => 'later')) === 'later', 'a promised value')
    }),
    make('a rejected transaction writes nothing', async ({ store }) => {
      await store.transact((tx) => tx.put(['t', 1], ONE))
      const reason = new Error('asked for')
      let thrown: unknown
      try {
        await store.transact(async (tx) => {
          tx.put(['t', 1], TWO)
          tx.put(['t', 2], TWO)
          await tx.get(['t', 2])
          throw reason
        })
      } catch (error) {
        thrown = error
      }
      rule(thrown === reason, 'the error comes out as it went in')
      ruleBytes(await store.get(['t', 1]), ONE, 'the old value stands')
      rule((await store.get(['t', 2])) === undefined, 'nothing new is there')
      await store.transact((tx) => tx.put(['t', 3], ONE))
      rule((await store.list(['t'])).length === 2, 'the store goes on')
    }),
    make('transactions run one at a time', async ({ store }) => {
      const increments = Array.from({ length: CONCURRENT }, () =>
        store.transact(async (tx) => {
          const count = (await tx.get(['counter']))?.[0] ?? 0
          await pause(0)
          tx.put(['counter'], Uint8Array.of(count + 1))
          return count
        }),
      )
      const seen = await Promise.all(increments)
      rule(new Set(seen).size === CONCURRENT, 'each saw another count')
      ruleBytes(await store.get(['counter']), Uint8Array.of(CONCURRENT), 'none was lost')
    }),
    make('a failed transaction among many disturbs no other', async ({ store }) => {
      const jobs = Array.from({ length: CONCURRENT }, (_, n) =>
        store.transact(async (tx) => {
          tx.put(['t', n], ONE)
          if (n % 3 === 0) throw new Error('asked for')
        }),
      )
      await Promise.allSettled(jobs)
      const kept = (await store.list(['t'])).map(({ key }) => key[1] as number)
      const expected = Array.from({ length: CONCURRENT }, (_, n) => n).filter((n) => n % 3 !== 0)
      rule(kept.join() === expected.join(), 'exactly the ones that succeeded')
    }),
    make('what resolved is there for a plain read', async ({ store }) => {
      for (let n = 0; n < 20; n++) {
        await store.transact((tx) => tx.put(['t'], Uint8Array.of(n)))
        ruleBytes(await store.get(['t']), Uint8Array.of(n), 'a read after the promise sees the write')
      }
    }),
    make('a transaction that is over takes nothing more', async ({ store }) => {
      const kept = await store.transact((tx) => ({ tx }))
      await ruleRefused(async () => kept.tx.put(['t'], ONE), 'put after the end')
      await ruleRefused(async () => kept.tx.get(['t']), 'get after the end')
      rule((await store.get(['t'])) === undefined, 'nothing was written')
    }),
    make('a closed store refuses everything', async ({ store }) => {
      const last = store.transact((tx) => tx.put(['t'], ONE))
      await store.close()
      await last
      await store.close()
      await ruleRefused(() => store.get(['t']), 'get')
      await ruleRefused(() => store.list(['t']), 'list')
      await ruleRefused(() => store.transact(() => 1), 'transact')
    }),
    make('what was written is there after reopening', async (subject) => {
      if (subject.reopen === undefined) return
      await subject.store.transact((tx) => {
        for (let n = 0; n < 200; n++) tx.put(['t', 'row', n, Uint8Array.of(n)], new Uint8Array(100).fill(n))
        tx.put(['u'], ONE)
      })
      await subject.store.transact((tx) => tx.delete(['t', 'row', 7, Uint8Array.of(7)]))
      await subject.store.close()
      const again = await subject.reopen()
      const rows = await again.list(['t', 'row'])
      rule(rows.length === 199, `199 rows; came ${rows.length}`)
      for (const { key, value } of rows)
        rule(value.length === 100 && value[0] === key[2], 'each row with its value')
      ruleBytes(await again.get(['u']), ONE, 'and the other table')
      await again.close()
    }),
  ]
}
