/** An old copy of a home is put back: the witness beside it tells. */
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hyphae, objects, ok, start, type World, world } from './support.js'

let w: World
beforeAll(async () => {
  w = await world()
})
afterAll(() => w.close())

it('hostile 31: a home that was put back says so once, and both sides go on in new sessions', async () => {
  const [ada, ben] = [await w.home('ada'), await w.home('ben')]
  const send = (from: typeof ada, to: typeof ada, text: string) =>
    ok(['send', '--home', from.home, to.account, text])
  const listen = (home: string, count: number) =>
    objects(['listen', '--home', home, '--count', String(count), '--no-read'])
  const textsOf = (shown: Record<string, unknown>[]) =>
    shown.filter(({ type }) => type === 'message').map(({ text }) => text)

  await send(ada, ben, 'one')
  expect(textsOf(await listen(ben.home, 1))).toEqual(['one'])
  await send(ben, ada, 'two')
  await cp(ben.home, `${ben.home}.copy`, { recursive: true })
  await send(ben, ada, 'three')
  expect(textsOf(await listen(ada.home, 2))).toEqual(['two', 'three'])
  expect((await stat(`${ben.home}.witness`)).mode & 0o777).toBe(0o600)
  expect(await readFile(`${ben.home}.witness`, 'utf8')).toMatch(/^\d+\n$/)

  await rm(ben.home, { recursive: true })
  await cp(`${ben.home}.copy`, ben.home, { recursive: true })
  await send(ada, ben, 'four')
  const shown = await listen(ben.home, 1)
  expect(shown[0]).toEqual({ type: 'rolled-back' })
  await send(ben, ada, 'five')
  const atAda = await listen(ada.home, 1)
  expect(textsOf(atAda)).toEqual(['five'])
  await send(ada, ben, 'six')
  const later = await listen(ben.home, 1)
  expect(later.filter(({ type }) => type === 'rolled-back')).toEqual([])
  expect([...textsOf(shown), ...textsOf(later)]).toEqual(['four', 'six'])
})

it('hostile 31: a home without its witness counts as a copy, and a damaged one is refused', async () => {
  const ada = await w.home('eve')
  await rm(`${ada.home}.witness`)
  const ben = await w.home('ida')
  const listening = start(['listen', '--home', ada.home, '--count', '1', '--json'])
  await listening.until('"type":"rolled-back"')
  await ok(['send', '--home', ben.home, ada.account, 'hello'])
  expect((await listening.ended).stdout).toContain('"text":"hello"')
  await writeFile(`${ada.home}.witness`, 'twelve\n')
  const run = await hyphae(['send', '--home', ada.home, ben.account, 'no'])
  expect(run.code).toBe(1)
  expect(run.stderr).toMatch(/cli\/io/)
})

it('a home that is made where another was begins with a witness of its own', async () => {
  const first = await w.home('tom')
  await rm(first.home, { recursive: true })
  const again = await w.home('tom')
  expect(again.account).not.toBe(first.account)
  const ada = await w.home('zoe')
  await ok(['send', '--home', ada.home, again.account, 'hello'])
  const shown = await objects(['listen', '--home', again.home, '--count', '1'])
  expect(shown.filter(({ type }) => type === 'rolled-back')).toEqual([])
})
