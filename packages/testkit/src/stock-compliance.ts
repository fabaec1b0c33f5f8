/** One-time items: each handed out once, then the last resort, again and again. */
import { toHex } from '@hyphae/core'
import { capability, type MakeCarrierCase } from './carrier-subject.js'
import { type ComplianceCase, rule, ruleBytes, ruleRefused } from './compliance.js'
import type { DirectoryComplianceOptions, StockStatement } from './directory-subject.js'

const CONCURRENT = 100
const NONE: Uint8Array = new Uint8Array()

export function stockCases(make: MakeCarrierCase, options: DirectoryComplianceOptions): ComplianceCase[] {
  const { crypto, signStock } = options
  const statement = (
    sequence: number,
    items: Uint8Array[],
    more: Partial<StockStatement> = {},
  ): StockStatement => ({
    kind: 1,
    sequence,
    items,
    lastResort: NONE,
    replace: false,
    ...more,
  })
  const randomItems = (count: number): Uint8Array[] =>
    Array.from({ length: count }, () => crypto.randomBytes(200))

  return [
    make(`${CONCURRENT} takes at once get ${CONCURRENT} different items`, async ({ carrier, other }) => {
      const directories = [
        capability(carrier, 'directory'),
        capability(other ?? carrier, 'directory'),
      ] as const
      const key = crypto.ed25519.generate()
      const items = randomItems(CONCURRENT)
      await directories[0].stock(signStock(key, statement(1, items)))
      rule((await directories[1].remaining(key.publicKey, 1)) === CONCURRENT, 'all are there')
      const taken = await Promise.all(
        items.map((_, index) => directories[index % 2 === 0 ? 0 : 1].take(key.publicKey, 1)),
      )
      const given = new Set(taken.map((found) => toHex(found?.item ?? NONE)))
      rule(given.size === CONCURRENT, `each once; ${given.size} different`)
      rule(
        items.every((item) => given.has(toHex(item))),
        'and every one of them',
      )
      rule(
        taken.every((found) => found?.lastResort === false),
        'none is a last resort',
      )
      rule((await directories[0].take(key.publicKey, 1)) === undefined, 'then none is left')
      rule((await directories[0].remaining(key.publicKey, 1)) === 0, 'and remaining says so')
    }),
    make('the last resort comes after the items, again and again', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const key = crypto.ed25519.generate()
      const [item] = randomItems(1) as [Uint8Array]
      const lastResort = crypto.randomBytes(200)
      await directory.stock(signStock(key, statement(1, [item], { lastResort })))
      const first = await directory.take(key.publicKey, 1)
      ruleBytes(first?.item, item, 'the item first')
      for (let again = 0; again < 3; again++) {
        const found = await directory.take(key.publicKey, 1)
        ruleBytes(found?.item, lastResort, 'then the last resort')
        rule(found?.lastResort === true, 'marked as such')
      }
      await directory.stock(signStock(key, statement(2, [item])))
      rule((await directory.take(key.publicKey, 1))?.lastResort === false, 'a new item comes before it')
      ruleBytes((await directory.take(key.publicKey, 1))?.item, lastResort, 'an empty one keeps the old')
    }),
    make('uploads add, replace drops', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const key = crypto.ed25519.generate()
      await directory.stock(signStock(key, statement(1, randomItems(3))))
      await directory.stock(signStock(key, statement(2, randomItems(2))))
      rule((await directory.remaining(key.publicKey, 1)) === 5, 'three and two')
      const [fresh] = randomItems(1) as [Uint8Array]
      await directory.stock(signStock(key, statement(3, [fresh], { replace: true })))
      rule((await directory.remaining(key.publicKey, 1)) === 1, 'only the new one')
      ruleBytes((await directory.take(key.publicKey, 1))?.item, fresh, 'which is the new one')
    }),
    make('an upload counts once, and only with a higher sequence', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const key = crypto.ed25519.generate()
      const upload = signStock(key, statement(5, randomItems(2)))
      await directory.stock(upload)
      await directory.stock(upload)
      rule((await directory.remaining(key.publicKey, 1)) === 2, 'a retry adds nothing')
      await ruleRefused(
        () => directory.stock(signStock(key, statement(4, randomItems(1)))),
        'a lower sequence',
      )
      rule((await directory.remaining(key.publicKey, 1)) === 2, 'nothing was added')
    }),
    make('kinds and writers are apart', async ({ carrier }) => {
      const directory = capability(carrier, 'directory')
      const [key, stranger] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
      const [bundle, keyPackage] = randomItems(2) as [Uint8Array, Uint8Array]
      await directory.stock(signStock(key, statement(1, [bundle])))
      await directory.stock(signStock(key, statement(2, [keyPackage], { kind: 2 })))
      ruleBytes((await directory.take(key.publicKey, 2))?.item, keyPackage, 'kind 2')
      ruleBytes((await directory.take(key.publicKey, 1))?.item, bundle, 'kind 1')
      rule((await directory.take(stranger.publicKey, 1)) === undefined, 'a stranger has none')
    }),
  ]
}
