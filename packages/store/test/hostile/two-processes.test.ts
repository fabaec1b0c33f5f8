import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { levelStore } from '@hyphae/store/level'
import { expect, test } from 'vitest'
import { startChild } from '../children/start.js'

const key = new Uint8Array(32).fill(7)

test('hostile 34: two processes on one store: the second is told so', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-locked-'))
  const first = startChild('holder', [folder])
  await first.line((line) => line === 'open')
  const second = startChild('holder', [folder])
  expect(await second.line(() => true)).toMatch(/^store\/locked Close the other one/)
  await second.ended
  await expect(levelStore(folder, { key })).rejects.toMatchObject({ code: 'store/locked', retryable: true })

  first.process.kill('SIGKILL')
  await first.ended
  const after = await levelStore(folder, { key })
  await after.transact((tx) => tx.put(['t'], Uint8Array.of(1)))
  await after.close()
  await rm(folder, { recursive: true })
})

test('hostile 34: twice in one process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-locked-'))
  const store = await levelStore(folder, { key })
  await expect(levelStore(folder, { key })).rejects.toMatchObject({ code: 'store/locked' })
  await store.transact((tx) => tx.put(['t'], Uint8Array.of(1)))
  await store.close()
  await (await levelStore(folder, { key })).close()
  await rm(folder, { recursive: true })
})
