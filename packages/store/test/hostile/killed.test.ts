/** A process that dies in the middle of its transactions, on a real disk. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { levelStore } from '@hyphae/store/level'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChild } from '../children/start.js'

const STEPS = [1, 2, 3, 4, 5, 6, 8, 14, 26]
const ACKNOWLEDGED = [1, 5, 12, 25, 40]

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-killed-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What must hold after any death: each row whole, no row missing, nothing lost that was said to be durable. */
async function expectWhole(location: string, acknowledged: number): Promise<void> {
  const store = await levelStore(location, { key: new Uint8Array(32).fill(7) })
  const rows = await store.list(['row'])
  const copies = (await store.list(['copy'])).map(({ value }) => value[0])
  const last = rows.length
  expect(rows.map(({ key }) => key[1])).toEqual(Array.from({ length: last }, (_, row) => row + 1))
  for (const { key, value } of rows) expect(value).toEqual(new Uint8Array(3000).fill(key[1] as number))
  expect(copies).toEqual(last === 0 ? [] : new Array(5).fill(last))
  expect(last).toBeGreaterThanOrEqual(acknowledged)
  await store.close()
}

async function dieAtStep(step: number): Promise<void> {
  const location = join(folder, `step-${step}`)
  const child = startChild('writer', [location, String(step)])
  expect(await child.ended).toBe('SIGKILL')
  await expectWhole(location, Math.max(0, ...child.lines.map(Number)))
}

test('hostile 30: killed before, in and after a batch: all or nothing', { timeout: 90_000 }, async () => {
  const lanes = [STEPS.filter((_, n) => n % 2 === 0), STEPS.filter((_, n) => n % 2 === 1)]
  await Promise.all(
    lanes.map(async (lane) => {
      for (const step of lane) await dieAtStep(step)
    }),
  )
})

test('hostile 30: killed from outside, again and again, on the same store', { timeout: 90_000 }, async () => {
  const location = join(folder, 'again')
  let acknowledged = 0
  for (const row of ACKNOWLEDGED) {
    const child = startChild('writer', [location])
    await child.line((line) => Number(line) >= row)
    child.process.kill('SIGKILL')
    expect(await child.ended).toBe('SIGKILL')
    acknowledged = Math.max(acknowledged, ...child.lines.map(Number))
    await expectWhole(location, acknowledged)
  }
})
