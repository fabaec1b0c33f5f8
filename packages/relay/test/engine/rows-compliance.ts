/** What rows of services have to do in every engine, and the store that is made of them. */
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { storeCompliance } from '@hyphae/testkit'
import { expect, it, vi } from 'vitest'
import type { ServiceRows } from '../../src/engine/rows.js'
import { sealedRows } from '../../src/services/seal.js'
import { sharedStore } from '../../src/services/store.js'
import { random } from '../support/engine.js'
import type { SubjectFixture } from './compliance.js'

const HOUR = 3_600_000
const never = new AbortController().signal
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value))

function rowsOf({ engine }: Pick<SubjectFixture, 'engine'>): ServiceRows {
  if (engine.rows === undefined) throw new Error('the engine has no rows')
  return engine.rows
}

type Open = () => Promise<SubjectFixture>

function storeOver(rows: ServiceRows, root: string) {
  return sharedStore({ rows, crypto, clock: systemClock, root })
}

export function rowsCompliance(open: Open): void {
  it('change by compare-and-swap, and keep what was last put', async () => {
    const fixture = await open()
    const rows = rowsOf(fixture)
    expect(await rows.get('a.b')).toBeUndefined()
    const first = await rows.put('a.b', text('one'), 0)
    expect(first).toBeGreaterThan(0)
    expect(await rows.put('a.b', text('no'), 0)).toBeUndefined()
    const second = await rows.put('a.b', text('two'), first ?? 0)
    expect(await rows.put('a.b', text('no'), first ?? 0)).toBeUndefined()
    expect(await rows.get('a.b')).toMatchObject({ version: second, value: text('two') })
    await fixture.reopen()
    expect(await rowsOf(fixture).get('a.b')).toMatchObject({ version: second, value: text('two') })
    expect(await rowsOf(fixture).remove('a.b', first ?? 0)).toBe(false)
    expect(await rowsOf(fixture).remove('a.b', second ?? 0)).toBe(true)
    expect(await rowsOf(fixture).get('a.b')).toBeUndefined()
    const again = await rowsOf(fixture).put('a.b', text('new'), 0)
    expect([first, second]).not.toContain(again)
  })

  it('one of many who change a row at once has changed it', async () => {
    const rows = rowsOf(await open())
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => rows.put('once', Uint8Array.of(i), 0)),
    )
    const winners = results.flatMap((version, i) => (version === undefined ? [] : [i]))
    expect(winners).toHaveLength(1)
    expect((await rows.get('once'))?.value[0]).toBe(winners[0])
  })

  it('list what is below a prefix, in order, and nothing beside it', async () => {
    const rows = rowsOf(await open())
    for (const key of ['t.c', 't.a', 't.a.x', 't-b.a', 'tb.a', 't', 't.B']) await rows.put(key, text(key), 0)
    const found = await rows.list('t')
    expect(found.map(({ key }) => key)).toEqual(['t.B', 't.a', 't.a.x', 't.c'])
    expect(found.map(({ value }) => Buffer.from(value).toString())).toEqual(found.map(({ key }) => key))
  })

  it('end when they say, for good once they are swept, and may be put anew', async () => {
    const fixture = await open()
    const { clock, engine } = fixture
    const rows = rowsOf(fixture)
    await rows.put('e.short', text('x'), 0, clock.now() + HOUR)
    const renewed = await rows.put('e.renewed', text('x'), 0, clock.now() + HOUR)
    await rows.put('e.renewed', text('y'), renewed ?? 0, clock.now() + 3 * HOUR)
    await rows.put('e.ever', text('x'), 0)
    await clock.advance(2 * HOUR)
    expect(await rows.get('e.short')).toBeUndefined()
    expect((await rows.list('e')).map(({ key }) => key)).toEqual(['e.ever', 'e.renewed'])
    expect(await rows.put('e.short', text('again'), 0, clock.now() + HOUR)).toBeGreaterThan(0)
    await engine.sweep(never)
    expect((await rows.list('e')).map(({ key }) => key)).toEqual(['e.ever', 'e.renewed', 'e.short'])
    await clock.advance(2 * HOUR)
    await engine.sweep(never)
    expect((await rows.list('e')).map(({ key }) => key)).toEqual(['e.ever'])
  })

  it('count uses: each purpose once, so many purposes, whoever counts', async () => {
    const fixture = await open()
    const rows = rowsOf(fixture)
    const spend = { name: random(32), most: 3, until: fixture.clock.now() + 24 * HOUR }
    const purposes = Array.from({ length: 8 }, () => random(16))
    const counted = await Promise.all([...purposes, ...purposes].map((one) => rows.use(spend, one)))
    expect(counted.slice(0, 8).filter(Boolean)).toHaveLength(3)
    expect(counted.slice(8)).toEqual(counted.slice(0, 8))
  })

  it('hostile 8: say yes to a name once, also after a restart', async () => {
    const fixture = await open()
    const { once } = rowsOf(fixture)
    const name = random(32)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => once(name, fixture.clock.now() + HOUR / 2)),
    )
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect(await once(random(32), fixture.clock.now() + HOUR / 2)).toBe(true)
    await fixture.reopen()
    expect(await rowsOf(fixture).once(name, fixture.clock.now() + HOUR / 2)).toBe(false)
  })

  it('hostile 49: are sealed under a key where there is one, and open with no other', async () => {
    const fixture = await open()
    const rows = rowsOf(fixture)
    const key = random(32)
    const sealed = await sealedRows(rows, crypto, key)
    await sealed.put('k.a', text('a secret'), 0)
    expect(Buffer.from((await rows.get('k.a'))?.value ?? []).includes('a secret')).toBe(false)
    const same = await sealedRows(rows, crypto, key)
    expect((await same.list('k')).map(({ value }) => Buffer.from(value).toString())).toEqual(['a secret'])
    for (const other of [undefined, random(32), random(5)])
      await expect(sealedRows(rows, crypto, other)).rejects.toMatchObject({ code: 'relay/bad-setting' })
    await rows.put('k.b', (await rows.get('k.a'))?.value ?? text(''), 0)
    await expect(same.get('k.b')).rejects.toMatchObject({ code: 'relay/data-corrupt' })
  })

  it('carry a store with transactions', async () => {
    const rows = rowsOf(await open())
    let roots = 0
    const cases = storeCompliance(async () => {
      const root = `s${roots++}`
      return {
        store: storeOver(rows, root),
        reopen: async () => storeOver(rows, root),
        dispose: () => {},
      }
    })
    for (const { name, run } of cases)
      await run().catch((error: unknown) => {
        throw new Error(`${name}: ${String(error)}`)
      })
  })

  it('hostile 9: two relays change one store at once, and no change is lost or made twice', async () => {
    const fixture = await open()
    const other = fixture.second === undefined ? fixture.engine : await fixture.second()
    const stores = [rowsOf(fixture), rowsOf({ engine: other })].map((rows) => storeOver(rows, 'both'))
    const move = (n: number): Promise<void> =>
      (stores[n % 2] as (typeof stores)[number]).transact(async (tx) => {
        const [a, b] = [(await tx.get(['a']))?.[0] ?? 100, (await tx.get(['b']))?.[0] ?? 0]
        tx.put(['a'], Uint8Array.of(a - 1))
        tx.put(['b'], Uint8Array.of(b + 1))
      })
    await Promise.all(Array.from({ length: 60 }, (_, n) => move(n)))
    expect((await stores[0]?.get(['a']))?.[0]).toBe(40)
    expect((await stores[1]?.get(['b']))?.[0]).toBe(60)
  })

  it('hostile 30: a relay that is killed amid a change leaves it done or undone', async () => {
    const rows = rowsOf(await open())
    const store = storeOver(rows, 'killed')
    await store.transact((tx) => {
      for (const name of ['a', 'b', 'c', 'd']) tx.put([name], Uint8Array.of(0))
    })
    for (let step = 1; step <= 6; step++) {
      // The disk of this relay fails for ever at its `step`-th put, before or after it was done.
      for (const done of [false, true]) {
        let puts = 0
        const dying: ServiceRows = {
          ...rows,
          put: async (...args) => {
            puts += 1
            if (puts > step) throw new Error('killed')
            if (puts < step) return rows.put(...args)
            if (done) await rows.put(...args)
            throw new Error('killed')
          },
        }
        const value = 2 * step + (done ? 1 : 0)
        const change = storeOver(dying, 'killed').transact((tx) => {
          for (const name of ['a', 'b', 'c']) tx.put([name], Uint8Array.of(value))
          tx.delete(['d'])
        })
        const outcome = await change.then(
          () => 'kept',
          () => 'unknown',
        )
        const next = storeOver(rows, 'killed')
        await next.transact((tx) => tx.get(['a']))
        const seen = new Set(
          await Promise.all(['a', 'b', 'c'].map(async (name) => (await next.get([name]))?.[0])),
        )
        expect(seen.size).toBe(1)
        if (outcome === 'kept') expect(seen).toContain(value)
        await next.transact((tx) => tx.put(['d'], Uint8Array.of(0)))
      }
    }
  })

  it('hostile 32: a change that was not heard of is found, and not made twice', async () => {
    const rows = rowsOf(await open())
    const sleep = vi.spyOn(systemClock, 'sleep').mockResolvedValue()
    let calls = 0
    const deaf: ServiceRows = {
      ...rows,
      put: async (...args) => {
        const version = await rows.put(...args)
        calls += 1
        if (calls % 2 === 1) throw (await import('../../src/engine/rows.js')).rowsUnreachable()
        return version
      },
    }
    const store = storeOver(deaf, 'deaf')
    for (let n = 1; n <= 5; n++)
      await store.transact(async (tx) => tx.put(['n'], Uint8Array.of(((await tx.get(['n']))?.[0] ?? 0) + 1)))
    expect((await storeOver(rows, 'deaf').get(['n']))?.[0]).toBe(5)
    sleep.mockRestore()
  })
}
