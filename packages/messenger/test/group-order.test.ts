/** Groups that several admins change, also at once and cut off from each other; and members that were away. */
import type { AccountId } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { createAccount } from '@hyphae/identity'
import { describe, expect, it } from 'vitest'
import type { Group } from '../src/index.js'
import { agree, type Banks, banks, found, handle, membersFor, type Person, talk, texts } from './banks.js'
import { collectEvents, eventOf } from './nodes.js'

const idOf = ({ node }: Person): AccountId => node.id

/** Ada, who made the group, Ben and Cleo; Ben is an admin too. */
async function three(): Promise<
  Banks & { ada: Person; ben: Person; cleo: Person; group: Group; bens: Group }
> {
  const made = banks()
  const [ada, ben, cleo] = (await Promise.all([made.person(), made.person(), made.person()])) as [
    Person,
    Person,
    Person,
  ]
  const group = await found(ada, ben, cleo)
  await group.setRole(idOf(ben), 'admin')
  const bens = await handle(ben, group)
  await made.pass(async () => (await bens.admins()).includes(idOf(ben)))
  await made.pass(() => agree(group, [ada, ben, cleo]))
  return { ...made, ada, ben, cleo, group, bens }
}

describe('admins', () => {
  it('are made and unmade; each adds and removes, and nobody else does', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    const dora = await all.person()
    await bens.add([idOf(dora)])
    await all.pass(() => agree(group, [ada, ben, cleo, dora]))
    await talk(all, group, [ada, ben, cleo, dora], 'four')
    const doras = await handle(dora, group)
    for (const change of [
      () => doras.add([idOf(cleo)]),
      () => doras.remove([idOf(cleo)]),
      () => doras.setRole(idOf(dora), 'admin'),
    ])
      await expect(change()).rejects.toMatchObject({
        code: 'messenger/not-admin',
      })
    await bens.remove([idOf(cleo)])
    await all.pass(() => agree(group, [ada, ben, dora]))
    const changed = eventOf(dora.node, 'group-changed')
    await group.setRole(idOf(ben), 'member')
    expect(await changed).toMatchObject({ added: [], removed: [] })
    await all.pass(() => agree(group, [ada, ben, dora]))
    expect(await doras.admins()).toEqual([idOf(ada)])
    await expect(bens.remove([idOf(dora)])).rejects.toMatchObject({ code: 'messenger/not-admin' })
    await expect(group.setRole(idOf(ada), 'member')).rejects.toMatchObject({ code: 'messenger/admin-stays' })
    await expect(group.setRole(idOf(cleo), 'admin')).rejects.toMatchObject({ code: 'messenger/not-member' })
  })

  it('one that is gone for good is removed by another, and the group goes on', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    await ada.node.close()
    await bens.remove([idOf(ada)])
    const dora = await all.person()
    await bens.add([idOf(dora)])
    await all.pass(() => agree(group, [ben, cleo, dora]))
    expect(await bens.admins()).toEqual([idOf(ben)])
    expect(bens.admin).toBe(idOf(ada))
    await talk(all, group, [ben, cleo, dora], 'without ada')
  })

  it('may leave while another one stays, and their rights go with them', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    await group.leave()
    await all.pass(async () => !(await group.isActive()))
    await all.pass(() => agree(group, [ben, cleo]))
    await bens.add([idOf(ada)])
    await all.pass(() => agree(group, [ada, ben, cleo]))
    await talk(all, group, [ada, ben, cleo], 'again')
  })
})

describe('hostile 22: two admins at once, cut off from each other', () => {
  it('add somebody each: both are in everywhere, and nothing that was said is lost', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    const [dora, eve] = [await all.person(), await all.person()]
    all.part([ada, cleo, dora], [ben, eve])
    await group.add([idOf(dora)])
    await bens.add([idOf(eve)])
    await all.pass(() =>
      agree(
        group,
        [ada, ben, cleo, dora].filter((one) => one !== ben),
      ).then(() => true),
    )
    // Both Welcomes have been sent: one of them will be void.
    await all.pass(async () => (await dora.node.groups()).length + (await eve.node.groups()).length === 2)
    for (const who of [ada, ben, cleo, dora, eve])
      await (await handle(who, group)).send(`before, by ${idOf(who)}`)
    await all.join()
    const everybody = [ada, ben, cleo, dora, eve]
    await all.pass(() => agree(group, everybody))
    await talk(all, group, everybody, 'together')
    // Those who were members all the while have read what everybody of the first three wrote.
    for (const reader of [ada, ben, cleo])
      for (const writer of [ada, ben, cleo])
        await all.pass(async () => (await texts(reader, group)).includes(`before, by ${idOf(writer)}`))
    for (const who of everybody) {
      const read = await texts(who, group)
      expect(new Set(read).size).toBe(read.length)
    }
  })

  it('give rights to somebody each: neither undoes the other', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    const dora = await all.person()
    await group.add([idOf(dora)])
    await all.pass(() => agree(group, [ada, ben, cleo, dora]))
    all.part([ada], [ben])
    await group.setRole(idOf(cleo), 'admin')
    await bens.setRole(idOf(dora), 'admin')
    await all.join()
    const four = [ada, ben, cleo, dora]
    await all.pass(async () => (await agree(group, four)) && (await group.admins()).length === 4)
    const eve = await all.person()
    await expect(group.setRole(idOf(eve), 'admin')).rejects.toMatchObject({ code: 'messenger/not-member' })
    await group.add([idOf(eve)])
    await all.pass(() => agree(group, [...four, eve]))
    await expect(group.setRole(idOf(eve), 'admin')).rejects.toMatchObject({
      code: 'messenger/too-many-admins',
    })
  })

  it('hostile 27: remove each other: one of them stays, the same for all', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    all.part([ada], [ben], [cleo])
    await group.remove([idOf(ben)])
    await bens.remove([idOf(ada)])
    await all.join()
    await all.pass(async () => (await agree(group, [ada, cleo])) || (await agree(group, [ben, cleo])))
    const [stays, went] = (await membersFor(cleo, group)).includes(idOf(ada)) ? [ada, ben] : [ben, ada]
    await all.pass(async () => !(await (await handle(went, group)).isActive()))
    await talk(all, group, [stays, cleo], 'after')
    expect(await texts(went, group)).toEqual([])
  })
})

describe('hostile 23: a member that cannot follow', () => {
  it('asks for the one commit that was kept from it, and then reads on', async () => {
    const all = await three()
    const { ada, ben, cleo, group } = all
    await talk(all, group, [ada, ben, cleo], 'before')
    const recovered = collectEvents(cleo.node, 'group-recovered')
    all.lose(cleo)
    await group.setRole(idOf(ben), 'member')
    await ada.node.flush()
    await all.join()
    await group.send('in an epoch that Cleo does not know')
    await all.pass(() => recovered.length > 0)
    await all.pass(async () => (await texts(cleo, group)).includes('in an epoch that Cleo does not know'))
    await all.pass(() => agree(group, [ada, ben, cleo]))
    await talk(all, group, [ada, ben, cleo], 'after')
  })

  it('that was away for longer than commits are kept is added anew by itself, also after a restart', async () => {
    const all = await three()
    const { ada, ben, cleo, group, bens } = all
    await talk(all, group, [ada, ben, cleo], 'before')
    const stalled = collectEvents(cleo.node, 'group-stalled')
    all.lose(cleo)
    for (let turn = 0; turn < 4; turn++)
      for (const [by, role] of [
        [group, 'member'],
        [group, 'admin'],
      ] as const) {
        await by.setRole(idOf(ben), role)
        await all.pass(async () => (await bens.admins()).includes(idOf(ben)) === (role === 'admin'))
      }
    await ada.node.flush()
    await all.join()
    await (await handle(cleo, group)).send('Cleo does not know it yet')
    await bens.send('far ahead')
    await all.pass(() => stalled.length > 0)
    await cleo.reopen()
    await all.pass(() => agree(group, [ada, ben, cleo]))
    await talk(all, group, [ada, ben, cleo], 'after')
    // What it had said where nobody was any more it has said again.
    for (const reader of [ada, ben])
      await all.pass(async () => (await texts(reader, group)).includes('Cleo does not know it yet'))
    // What was said before it came back it cannot read: the gap shows.
    const [first] = (await (await handle(cleo, group)).history()).filter(({ text }) => text === 'after 0')
    expect(first?.missing.length).toBeGreaterThan(0)
  })
})

describe('an account with several devices', () => {
  it('is one member: all its devices read, and go together', async () => {
    const all = banks()
    const account = createAccount(defaultCrypto)
    const [ada, cleo] = [await all.person(), await all.person()]
    const first = await all.person({ account })
    const chat = await ada.node.conversation(idOf(first))
    await chat.send('to the first')
    await (await first.node.conversation(idOf(ada))).send('from the first')
    await all.pass(async () => (await chat.history()).length === 2)
    const second = await all.person({ account })
    await (await second.node.conversation(idOf(ada))).send('from the second')
    await all.pass(async () => (await chat.history()).length === 3)
    const group = await found(ada, first, cleo)
    const seconds = (): Promise<Group> => handle(second, group)
    await all.pass(() => agree(group, [ada, first, cleo]))
    await all.pass(async () => (await second.node.groups()).length === 1)
    expect((await (await seconds()).members()).length).toBe(3)
    await group.send('to both')
    for (const device of [first, second])
      await all.pass(async () => (await texts(device, group)).includes('to both'))
    await (await seconds()).send('by the second')
    for (const reader of [ada, first])
      await all.pass(async () => (await texts(reader, group)).includes('by the second'))
    await (await seconds()).leave()
    await all.pass(() => agree(group, [ada, cleo]))
    for (const device of [first, second])
      await all.pass(async () => !(await (await handle(device, group)).isActive()))
    await talk(all, group, [ada, cleo], 'without them')
  })

  it('an admin may change the group with any of them', async () => {
    const all = banks()
    const account = createAccount(defaultCrypto)
    const [ada, cleo, dora] = [await all.person(), await all.person(), await all.person()]
    const first = await all.person({ account })
    const chat = await ada.node.conversation(idOf(first))
    await (await first.node.conversation(idOf(ada))).send('from the first')
    await all.pass(async () => (await chat.history()).length === 1)
    const second = await all.person({ account })
    await (await second.node.conversation(idOf(ada))).send('from the second')
    await all.pass(async () => (await chat.history()).length === 2)
    const group = await found(ada, first, cleo)
    await all.pass(async () => (await second.node.groups()).length === 1)
    await group.setRole(idOf(first), 'admin')
    await all.pass(async () => (await (await handle(second, group)).admins()).includes(idOf(first)))
    await all.pass(async () => (await (await handle(first, group)).admins()).includes(idOf(first)))
    all.part([first], [second, ada, cleo])
    await (await handle(first, group)).remove([idOf(cleo)])
    await (await handle(second, group)).add([idOf(dora)])
    await all.join()
    await all.pass(() => agree(group, [ada, first, dora]))
    await all.pass(async () => (await (await handle(second, group)).members()).length === 3)
    await talk(all, group, [ada, first, dora], 'after')
  })
})

describe('hostile 8: frames of a group that come again', () => {
  it('change nothing: commits, messages and pleas, also after a restart', async () => {
    const all = await three()
    const { ada, ben, cleo, group } = all
    const people = [ada, ben, cleo]
    const dora = await all.person()
    await talk(all, group, people, 'before')
    await group.add([idOf(dora)])
    await all.pass(() => agree(group, [...people, dora]))
    await group.remove([idOf(dora)])
    await all.pass(() => agree(group, people))
    await talk(all, group, people, 'after')
    const before = await Promise.all(people.map((person) => texts(person, group)))
    await cleo.reopen()
    await all.repeat(...people)
    await talk(all, group, people, 'at last')
    await all.pass(() => agree(group, people))
    const after = await Promise.all(people.map((person) => texts(person, group)))
    for (const [index, read] of before.entries()) expect(after[index]?.slice(0, read.length)).toEqual(read)
    expect(after.map((read) => read.length)).toEqual(before.map((read) => read.length + 3))
    expect(await (await handle(dora, group)).isActive()).toBe(false)
  })
})
