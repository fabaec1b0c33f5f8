// The program in processes of its own: signals, a relay, and a listener that is killed.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Program, program } from './process/program.js'
import { objects, ok, type World, world } from './support.js'

const BUILT = fileURLToPath(new URL('../dist/hyphae.js', import.meta.url))

let w: World
let ada: { home: string; account: string }
let ben: { home: string; account: string }
const running: Program[] = []
const run = (...args: string[]): Program => {
  const one = program(...args)
  running.push(one)
  return one
}
beforeAll(async () => {
  w = await world()
  ada = await w.home('ada')
  ben = await w.home('ben')
})
afterAll(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await w.close()
})

it('a listener that is killed loses nothing: the next shows what it had not shown', async () => {
  const send = (text: string) => ok(['send', '--home', ada.home, ben.account, text])
  const killed = run('listen', '--home', ben.home, '--json')
  await killed.until('Listening')
  await send('before')
  await killed.until('"text":"before"')
  killed.child.kill('SIGKILL')
  await killed.ended
  await send('between')
  await send('after')
  const shown = await objects(['listen', '--home', ben.home, '--count', '2'])
  const texts = shown.filter(({ type }) => type === 'message')
  // "before" was shown and its handling ended, or it is offered again and says so.
  const again = texts.filter(({ redelivered }) => redelivered === true)
  expect(again.map(({ text }) => text)).toEqual(texts[0]?.text === 'before' ? ['before'] : [])
  const rest =
    texts[0]?.text === 'before' ? await objects(['listen', '--home', ben.home, '--count', '1']) : []
  const all = [...texts, ...rest.filter(({ type }) => type === 'message')].map(({ text }) => text)
  expect(all.filter((text) => text !== 'before')).toEqual(['between', 'after'])
})

it('a signal ends listen and relay with 0, and nothing but results is on stdout', async () => {
  const data = join(w.folder, 'second relay')
  const relay = run('relay', '--port', '0', '--data', data)
  await relay.until('Ctrl-C ends it')
  await relay.until('\n', 'stdout')
  expect(relay.stdout()).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\n$/)
  const url = relay.stdout().trim()
  const home = join(w.folder, 'cleo')
  await ok(['init', '--home', home, '--relay', url])
  const listen = run('listen', '--home', home)
  await listen.until('Listening')
  listen.child.kill('SIGINT')
  expect(await listen.ended).toBe(0)
  expect(listen.stdout()).toBe('')
  relay.child.kill('SIGTERM')
  expect(await relay.ended).toBe(0)
  expect(relay.stderr()).toContain('Stopped')
  expect((await stat(data)).isDirectory()).toBe(true)
})

it('a reader that goes away ends listen quietly; what it did not take is offered again', async () => {
  await ok(['send', '--home', ada.home, ben.account, 'is anybody there?'])
  const listen = run('listen', '--home', ben.home)
  listen.child.stdout.destroy()
  expect(await listen.ended).toBe(0)
  expect(listen.stderr()).not.toContain('hyphae:')
  expect(await ok(['listen', '--home', ben.home, '--count', '1'])).toContain('is anybody there?')
})

it.skipIf(!existsSync(BUILT))('the built program says its version', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  const { stdout } = await promisify(execFile)(process.execPath, [BUILT, '--version'])
  expect(stdout).toBe(`${version}\n`)
})
