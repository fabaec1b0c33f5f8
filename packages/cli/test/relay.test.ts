import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hyphae, ok, start } from './support.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('serves until it is stopped, keeps its data below the home, and comes back with it', async () => {
  const home = join(folder, 'home')
  const first = start(['relay', '--port', '0', '--home', home, '--json'])
  await first.until('\n')
  const second = await hyphae(['relay', '--port', '0', '--home', home])
  expect(second).toMatchObject({ code: 1, stdout: '' })
  expect(second.stderr).toContain('[relay/data-locked]\n  Stop the other relay')
  first.stop()
  const { code, stdout } = await first.ended
  expect(code).toBe(0)
  const { type, url, data } = JSON.parse(stdout)
  expect({ type, data }).toEqual({ type: 'relay', data: join(home, 'relay') })

  const { port } = new URL(url)
  const again = start(['relay', '--port', port, '--data', join(home, 'relay'), '--name', 'localhost'])
  await again.until(`:${port}\n`)
  const account = await ok(['init', '--home', join(folder, 'ada'), '--relay', `ws://localhost:${port}`])
  expect(account).toMatch(/^hyphae1/)
  const taken = await hyphae(['relay', '--port', port, '--data', join(folder, 'other')])
  expect(taken.stderr).toContain('[relay/cannot-listen]')
  again.stop()
  expect((await again.ended).code).toBe(0)
})
