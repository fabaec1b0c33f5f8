/** The LevelDB engine against a database that fails as LevelDB does: what was refused may have reached the log. */
import { concatBytes } from '@hyphae/core'
import { memoryEngine } from '@hyphae/store'
import { expect, test } from 'vitest'
import { type LevelDatabase, levelEngine } from '../src/level-engine.js'

/** abstract-level says -1 for no limit. */
function withLimit<T extends { limit: number }>({
  limit,
  ...range
}: T): Omit<T, 'limit'> & { limit?: number } {
  return limit < 0 ? range : { ...range, limit }
}

type Failure = 'none' | 'refused' | 'refused but logged'

/** A disk whose next batches and openings fail as told. */
function fakeDisk() {
  const log: Parameters<LevelDatabase['batch']>[0][] = []
  const plan = { batch: 'none' as Failure, open: false, read: false, opened: 0 }
  const open = async (): Promise<LevelDatabase> => {
    if (plan.open)
      throw Object.assign(new Error('IO error: No space left on device'), { code: 'LEVEL_IO_ERROR' })
    plan.opened += 1
    const contents = memoryEngine()
    const apply = (batch: (typeof log)[number]) =>
      contents.write(batch.map((op) => ({ key: op.key, value: op.type === 'put' ? op.value : undefined })))
    for (const batch of log) await apply(batch)
    const get = async (key: Uint8Array) => {
      if (plan.read) throw new Error('IO error: read failed')
      return contents.get(key)
    }
    return {
      get,
      getSync: () => undefined,
      getMany: (keys) => Promise.all(keys.map(get)),
      iterator: (range) => ({
        all: async () => (await contents.range(withLimit(range))).map(({ key, value }) => [key, value]),
      }),
      batch: async (batch, { sync }) => {
        expect(sync).toBe(true)
        if (plan.batch !== 'refused') log.push(batch)
        if (plan.batch !== 'none')
          throw Object.assign(new Error('No space left on device'), { code: 'LEVEL_IO_ERROR' })
        await apply(batch)
      },
      close: async () => {},
    }
  }
  return { open, plan }
}

const onNode = { reopenAfterFailure: true, inlineReads: false }
const a = Uint8Array.of(1)
const b = Uint8Array.of(2)
const c = Uint8Array.of(3)

for (const failure of ['refused', 'refused but logged'] as const)
  test(`a batch that was ${failure} stays rejected, before and after reopening`, async () => {
    const { open, plan } = fakeDisk()
    const engine = await levelEngine({ open, ...onNode })
    await engine.write([
      { key: a, value: a },
      { key: b, value: b },
    ])
    plan.batch = failure
    const rejected = [
      { key: a, value: c },
      { key: b, value: undefined },
      { key: c, value: c },
    ]
    await expect(engine.write(rejected)).rejects.toMatchObject({ code: 'store/full', retryable: true })
    expect([await engine.get(a), await engine.get(b), await engine.get(c)]).toEqual([a, b, undefined])

    plan.batch = 'none'
    await engine.write([{ key: Uint8Array.of(4), value: a }])
    expect(plan.opened).toBe(2)
    expect([await engine.get(a), await engine.get(b), await engine.get(c)]).toEqual([a, b, undefined])
    const again = await levelEngine({ open, ...onNode })
    const all = await again.range({ gte: new Uint8Array(), lt: Uint8Array.of(9) })
    expect(all.map(({ key, value }) => concatBytes(key, value))).toEqual(
      [
        [1, 1],
        [2, 2],
        [4, 1],
      ].map((pair) => Uint8Array.from(pair)),
    )
  })

test('closing after a rejected batch puts back what it may have changed', async () => {
  const { open, plan } = fakeDisk()
  const engine = await levelEngine({ open, ...onNode })
  plan.batch = 'refused but logged'
  await expect(engine.write([{ key: b, value: b }])).rejects.toMatchObject({ code: 'store/full' })
  plan.batch = 'none'
  await engine.close()
  const again = await levelEngine({ open, ...onNode })
  expect(await again.get(b)).toBeUndefined()
})

test('while the disk stays full every write is refused, and then it goes on', async () => {
  const { open, plan } = fakeDisk()
  const engine = await levelEngine({ open, ...onNode })
  await engine.write([{ key: a, value: a }])
  plan.batch = 'refused but logged'
  for (let attempt = 0; attempt < 4; attempt++)
    await expect(engine.write([{ key: b, value: b }])).rejects.toMatchObject({ code: 'store/full' })
  plan.open = true
  await expect(engine.write([{ key: b, value: b }])).rejects.toMatchObject({ code: 'store/full' })
  await expect(engine.get(a)).rejects.toMatchObject({ code: 'store/full' })
  plan.open = false
  plan.batch = 'none'
  expect(await engine.get(a)).toEqual(a)
  expect(await engine.get(b)).toBeUndefined()
  await engine.write([{ key: c, value: c }])
  expect(await engine.get(c)).toEqual(c)
  await engine.close()
})

test('when the old contents cannot be read either, nothing more is promised', async () => {
  const { open, plan } = fakeDisk()
  const engine = await levelEngine({ open, ...onNode })
  plan.batch = 'refused but logged'
  plan.read = true
  await expect(engine.write([{ key: b, value: b }])).rejects.toMatchObject({ code: 'store/full' })
  plan.batch = 'none'
  plan.read = false
  await expect(engine.write([{ key: c, value: c }])).rejects.toMatchObject({ code: 'store/io' })
  await expect(engine.get(b)).rejects.toMatchObject({ code: 'store/io' })
  await engine.close()
})

test('what the database says becomes a store error', async () => {
  const failing = (error: Error) => levelEngine({ open: () => Promise.reject(error), ...onNode })
  const locked = new Error('not open', { cause: Object.assign(new Error('lock'), { code: 'LEVEL_LOCKED' }) })
  await expect(failing(locked)).rejects.toMatchObject({ code: 'store/locked', cause: locked })
  const corrupt = Object.assign(new Error('bad block'), { code: 'LEVEL_CORRUPTION' })
  await expect(failing(corrupt)).rejects.toMatchObject({ code: 'store/corrupt' })
  await expect(failing(new DOMException('', 'QuotaExceededError'))).rejects.toMatchObject({
    code: 'store/full',
  })
  await expect(failing(new Error('surprise'))).rejects.toMatchObject({ code: 'store/io' })
})
