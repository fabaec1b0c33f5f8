// A group of three homes, one command at a time: nobody else is online while one changes it.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hyphae, objects, ok, start, type World, world } from './support.js'

let w: World
let ada: { home: string; account: string }
let ben: { home: string; account: string }
let cleo: { home: string; account: string }
let id: string
beforeAll(async () => {
  w = await world()
  ada = await w.home('ada')
  ben = await w.home('ben')
  cleo = await w.home('cleo')
})
afterAll(() => w.close())

const group = (who: { home: string }, ...words: string[]) => ok(['group', ...words, '--home', who.home])
const messages = async (who: { home: string }, count: number) =>
  (await objects(['listen', '--home', who.home, '--count', String(count)])).filter(
    ({ type }) => type === 'message',
  )

it('an empty list says how to begin', async () => {
  const run = await hyphae(['group', 'list', '--home', ada.home])
  expect(run).toMatchObject({ code: 0, stdout: '' })
  expect(run.stderr).toContain('hyphae group create NAME ACCOUNT')
})

it('create leaves nothing waiting: members who come later read what was sent', async () => {
  id = await group(ada, 'create', 'har\u001bvest', ben.account)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  expect(await group(ada, 'send', id.slice(0, 6), 'meet', 'at', 'noon')).toMatch(/ stored$/)
  expect(await messages(ben, 1)).toMatchObject([{ group: id, from: ada.account, text: 'meet at noon' }])
})

it('list and members tell the same on both sides', async () => {
  expect(await group(ada, 'list')).toBe(`${id}  admin   har␛vest`)
  expect(await group(ben, 'list')).toBe(`${id}  member  har␛vest`)
  const [listed] = await objects(['group', 'list', '--home', ben.home])
  expect(listed).toMatchObject({ type: 'group', id, name: 'har\u001bvest', admin: ada.account, active: true })
  const found = await objects(['group', 'members', id, '--home', ben.home])
  expect(found.map(({ account, admin }) => [account, admin])).toEqual([
    [ada.account, true],
    [ben.account, false],
  ])
})

it('add and remove change who reads on; listen tells about it', async () => {
  expect(await group(ada, 'add', id, cleo.account)).toContain('3 members')
  await group(ada, 'send', id, 'welcome')
  const heard = await ok(['listen', '--home', cleo.home, '--count', '1'])
  expect(heard).toContain(`${ada.account} in ${id.slice(0, 8)} “har␛vest”`)
  expect(await group(ada, 'remove', id, cleo.account)).toContain('2 members')
  await group(ada, 'send', id, 'only for two')
  expect((await messages(ben, 2)).map(({ text }) => text)).toEqual(['welcome', 'only for two'])

  const listening = start(['listen', '--home', cleo.home])
  await listening.until(`You are no longer in the group ${id.slice(0, 8)}.`, 'stderr')
  listening.stop()
  expect(await listening.ended).toMatchObject({ code: 0, stdout: '' })
  expect(await group(cleo, 'list')).toBe(`${id}  left    har␛vest`)
  const refused = await hyphae(['group', 'send', id, 'hello?', '--home', cleo.home])
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain('[messenger/left-group]')
})

it('an admin makes others admins, and members again', async () => {
  expect(await group(ada, 'promote', id, ben.account)).toContain('2 admins')
  expect((await group(ada, 'members', id)).split('\n').sort()).toEqual(
    [`${ada.account}  admin`, `${ben.account}  admin`].sort(),
  )
  expect(await group(ada, 'demote', id, ben.account)).toContain('1 admin')
  const last = await hyphae(['group', 'demote', id, ada.account, '--home', ada.home])
  expect(last.stderr).toContain('[messenger/admin-stays]')
})

it('a member asks to leave; the admin cannot', async () => {
  const admin = await hyphae(['group', 'leave', id, '--home', ada.home])
  expect(admin.code).toBe(1)
  expect(admin.stderr).toContain('[cli/admin-cannot-leave]')
  expect(await objects(['group', 'leave', id, '--home', ben.home])).toEqual([{ type: 'leaving', group: id }])
  const listening = start(['listen', '--home', ada.home, '--json'])
  await listening.until('"removed":[')
  listening.stop()
  expect((await listening.ended).stdout).toContain(`"removed":["${ben.account}"]`)
  expect(await group(ada, 'members', id)).toBe(`${ada.account}  admin`)
})

it('an id that is unknown, ambiguous or not ours is told apart', async () => {
  for (let made = 0; made < 17; made++) await group(ada, 'create', `g${made}`)
  const ids = (await group(ada, 'list')).split('\n').map((line) => line.slice(0, 32))
  const first = ids.map((one) => one[0] as string)
  const twice = first.find((digit, at) => first.indexOf(digit) !== at) as string
  const ambiguous = await hyphae(['group', 'members', twice, '--home', ada.home])
  expect(ambiguous.stderr).toContain('[cli/ambiguous-group]')
  const unknown = await hyphae(['group', 'members', 'xyz', '--home', ada.home])
  expect(unknown.stderr).toContain('[cli/unknown-group]\n  See `hyphae group list`')
  const notAdmin = await hyphae(['group', 'add', id, cleo.account, '--home', ben.home])
  expect(notAdmin.code).toBe(1)
})
