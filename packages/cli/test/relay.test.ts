import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hyphae, objects, ok, start } from './support.js'

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

it('is backed up while it serves, and is made again of the backup', async () => {
  const home = join(folder, 'kept')
  const running = start(['relay', '--port', '0', '--home', home, '--json'])
  await running.until('\n')
  const { url } = JSON.parse(running.stdout())
  await ok(['init', '--home', join(folder, 'eve'), '--relay', url])
  const file = join(folder, 'backup')
  const [saved] = await objects(['relay', 'backup', file, '--home', home])
  expect(saved).toMatchObject({ type: 'backup', path: file })
  expect(Number(saved?.entries)).toBeGreaterThan(3)
  expect(await ok(['relay', 'compact', '--home', home])).toBe(join(home, 'relay'))
  running.stop()
  await running.ended

  const again = join(folder, 'again')
  const [made] = await objects(['relay', 'restore', file, '--home', again])
  expect(made).toEqual({ type: 'restored', data: join(again, 'relay'), entries: saved?.entries })
  const refused = await hyphae(['relay', 'restore', file, '--home', again])
  expect(refused.stderr).toContain('[relay/data-not-empty]\n  Restore into a new folder')
})

it('tells a wrong command line from a wrong setting', async () => {
  for (const args of [['backup'], ['nothing'], ['backup', 'a', 'b'], ['--limit', 'x=1']])
    expect(await hyphae(['relay', ...args, '--home', join(folder, 'none')])).toMatchObject({
      code: 2,
      stdout: '',
    })
  const env = { HYPHAE_RELAY_PORT: 'x' }
  const run = await hyphae(['relay', '--check-config', '--home', join(folder, 'none')], { env })
  expect(run.code).toBe(1)
  expect(run.stderr).toContain(
    '(setting: HYPHAE_RELAY_PORT, reason: expected a whole number from 0 to 65535)',
  )
  expect(run.stderr).toContain('[relay/bad-setting]')
  const printed = await ok(['relay', '--print-config', '--home', join(folder, 'none')])
  expect(JSON.parse(printed)).toMatchObject({ port: 7700, data: join(folder, 'none', 'relay') })
})
