/** Keys, order, lists and copies: the part of a Store that is a map. */
import { equalBytes, type KeyPart, type StoreEntry, type StoreKey, utf8 } from '@hyphae/core'
import { type ComplianceCase, rule, ruleBytes, ruleRefused } from './compliance.js'
import type { MakeStoreCase, StoreSubject } from './store-subject.js'

const ONE: Uint8Array = Uint8Array.of(1)

async function fill({ store }: StoreSubject, keys: readonly StoreKey[]): Promise<void> {
  await store.transact((tx) => {
    for (const key of keys) tx.put(key, ONE)
  })
}

function lastParts(entries: readonly StoreEntry[]): (KeyPart | undefined)[] {
  return entries.map(({ key }) => key[key.length - 1])
}

export function samePart(a: KeyPart | undefined, b: KeyPart | undefined): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b
}

function isKey(actual: StoreKey | undefined, expected: StoreKey): boolean {
  return actual?.length === expected.length && expected.every((part, index) => samePart(actual[index], part))
}

export function storeKeyCases(make: MakeStoreCase): ComplianceCase[] {
  return [
    make('get gives what was put, and nothing where nothing was put', async ({ store }) => {
      await store.transact((tx) => tx.put(['t', 'a'], utf8('value')))
      ruleBytes(await store.get(['t', 'a']), utf8('value'), 'get gives the value')
      rule((await store.get(['t', 'b'])) === undefined, 'an absent key is undefined')
      rule((await store.get(['u', 'a'])) === undefined, 'tables are apart')
    }),
    make('an empty value is a value', async ({ store }) => {
      await store.transact((tx) => tx.put(['t'], new Uint8Array()))
      ruleBytes(await store.get(['t']), new Uint8Array(), 'empty is not absent')
    }),
    make('put replaces, delete removes', async ({ store }) => {
      await store.transact((tx) => tx.put(['t', 1], ONE))
      await store.transact((tx) => tx.put(['t', 1], Uint8Array.of(2)))
      ruleBytes(await store.get(['t', 1]), Uint8Array.of(2), 'the later put stands')
      await store.transact((tx) => tx.delete(['t', 1]))
      rule((await store.get(['t', 1])) === undefined, 'deleted is absent')
      rule((await store.list(['t'])).length === 0, 'deleted is not listed')
    }),
    make('parts of different kinds never meet', async (subject) => {
      const parts: KeyPart[] = ['1', 1, Uint8Array.of(1), Uint8Array.of(0x31), '', new Uint8Array(), 0, 'ab']
      await fill(
        subject,
        parts.map((part) => ['t', part]),
      )
      const listed = lastParts(await subject.store.list(['t']))
      rule(listed.length === parts.length, 'each key is its own record')
      for (const part of parts)
        rule(
          listed.some((other) => samePart(part, other)),
          'list gives the key back',
        )
    }),
    make('joining parts differently makes different keys', async (subject) => {
      const keys: StoreKey[] = [
        ['t', 'ab', 'c'],
        ['t', 'a', 'bc'],
        ['t', 'abc'],
        ['ta', 'bc'],
        ['t', 'ab', 'c', ''],
      ]
      await fill(subject, keys)
      const found = await subject.store.list(['t'])
      rule(found.length === 4, 'four records in this table')
      rule((await subject.store.list(['t', 'ab'])).length === 2, 'a text prefix is a whole part')
    }),
    make('numbers list in numeric order', async (subject) => {
      const numbers = [
        0,
        1,
        2,
        9,
        10,
        255,
        256,
        65_535,
        65_536,
        2 ** 31,
        2 ** 32,
        2 ** 40,
        Number.MAX_SAFE_INTEGER,
      ]
      const shuffled = numbers.map((_, index) => numbers[(index * 5) % numbers.length] as number)
      await fill(
        subject,
        shuffled.map((n) => ['t', 'box', n]),
      )
      await fill(subject, [['t', 'other', 3]])
      const { store } = subject
      const forward = lastParts(await store.list(['t', 'box']))
      rule(forward.join() === numbers.join(), `ascending; came ${forward.join()}`)
      const back = lastParts(await store.list(['t', 'box'], { reverse: true }))
      rule(back.join() === [...numbers].reverse().join(), `descending; came ${back.join()}`)
    }),
    make('from, limit and reverse', async (subject) => {
      await fill(
        subject,
        [1, 2, 3, 4, 5].map((n) => ['t', 'x', n, 'rest']),
      )
      const numbers = async (options: Parameters<typeof subject.store.list>[1]): Promise<string> =>
        (await subject.store.list(['t', 'x'], options)).map(({ key }) => key[2]).join()
      rule((await numbers({ from: 3 })) === '3,4,5', 'from is inclusive')
      rule((await numbers({ from: 2, limit: 2 })) === '2,3', 'limit counts from the low end')
      rule(
        (await numbers({ from: 2, limit: 2, reverse: true })) === '5,4',
        'reverse counts from the high end',
      )
      rule((await numbers({ from: 6 })) === '', 'nothing beyond the last')
      rule((await numbers({ limit: 0 })) === '', 'a limit of 0 gives nothing')
    }),
    make('a list includes the record at the prefix itself', async (subject) => {
      await fill(subject, [
        ['t', 'x'],
        ['t', 'x', 1],
        ['t', 'xy'],
      ])
      rule((await subject.store.list(['t', 'x'])).length === 2, 'the prefix and what is below it')
    }),
    make('values and keys are copied', async ({ store }) => {
      const value = Uint8Array.of(1, 2, 3)
      const part = Uint8Array.of(7)
      await store.transact((tx) => {
        tx.put(['t', part], value)
        value.fill(9)
        part.fill(9)
      })
      const first = await store.get(['t', Uint8Array.of(7)])
      ruleBytes(first, Uint8Array.of(1, 2, 3), 'changing what was put changes nothing')
      first?.fill(0)
      const [entry] = await store.list(['t'])
      rule(isKey(entry?.key, ['t', Uint8Array.of(7)]), 'the key as it was when put')
      ruleBytes(entry?.value, Uint8Array.of(1, 2, 3), 'changing what was read changes nothing')
      entry?.value.fill(0)
      ruleBytes(await store.get(['t', Uint8Array.of(7)]), Uint8Array.of(1, 2, 3), 'nor does a list')
    }),
    make('keys that cannot be stored are refused', async ({ store }) => {
      const bad: StoreKey[] = [
        ['t', -1],
        ['t', 1.5],
        ['t', Number.NaN],
        ['t', 2 ** 53],
        ['t', '\ud800'],
      ]
      for (const key of bad) {
        await ruleRefused(() => store.transact((tx) => tx.put(key, ONE)), 'a bad key part is refused')
        await ruleRefused(() => store.get(key), 'a bad key part is refused by get')
      }
      await ruleRefused(
        () => store.transact((tx) => tx.put(['t', 'x'.repeat(5000)], ONE)),
        'a key has a limit',
      )
      rule((await store.list(['t'])).length === 0, 'nothing was stored')
    }),
  ]
}
