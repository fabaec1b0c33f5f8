import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hyphae, objects, ok, start, type World, world } from './support.js'

let w: World
let ada: { home: string; account: string }
let ben: { home: string; account: string }
beforeAll(async () => {
  w = await world()
  ada = await w.home('ada')
  ben = await w.home('ben')
})
afterAll(() => w.close())

describe('send and listen', () => {
  it('a text arrives', async () => {
    const sent = await ok(['send', '--home', ada.home, ben.account, 'hello', 'Ben'])
    expect(sent).toMatch(/^[0-9a-f]{32} stored$/)
    const heard = await ok(['listen', '--home', ben.home, '--count', '1'])
    expect(heard).toContain('  hello Ben')
    expect(heard).toContain(ada.account)
  })
})
