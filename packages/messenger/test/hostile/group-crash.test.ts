/** The process dies at every commit of its store while a group changes: nothing is lost, sent anew or shown twice. */
import { memoryStore } from '@hyphae/store'
import { describe, expect, it } from 'vitest'
import type { Group } from '../../src/index.js'
import { agree, type Banks, banks, found, handle, type Person, talk, texts } from '../banks.js'
import { type MortalStore, mortalStore } from '../mortal-store.js'
import { collectEvents, memoryWitness } from '../nodes.js'

const MAX_COMMITS = 60

interface World extends Banks {
  readonly ada: Person
  readonly ben: Person
  readonly cleo: Person
  readonly dora: Person
  readonly group: Group
  readonly mortal: MortalStore
}

/** Ada has made the group, Ben is an admin too; `who` of them is mortal. */
async function world(who: 'ada' | 'cleo'): Promise<World> {
  const all = banks()
  const mortal = mortalStore(memoryStore())
  const dies = (): Promise<Person> => all.person({ witness: memoryWitness() }, mortal.store)
  const ada = await (who === 'ada' ? dies() : all.person())
  const cleo = await (who === 'cleo' ? dies() : all.person())
  const [ben, dora] = [await all.person(), await all.person()]
  const group = await found(ada, ben, cleo)
  await group.setRole(ben.node.id, 'admin')
  await all.pass(() => agree(group, [ada, ben, cleo]))
  return { ...all, ada, ben, cleo, dora, group, mortal }
}

/** A message, a change of roles, and Dora in or out. */
async function deeds({ ada, cleo, dora, group }: World, turn: number): Promise<void> {
  const now = await handle(ada, group)
  await now.send(`in turn ${turn}`)
  await now.setRole(cleo.node.id, (await now.admins()).includes(cleo.node.id) ? 'member' : 'admin')
  if ((await now.members()).includes(dora.node.id)) await now.remove([dora.node.id])
  else await now.add([dora.node.id])
}

/** All are in one epoch, Dora with them or not. */
async function isQuiet({ group, ada, ben, cleo, dora }: World): Promise<boolean> {
  const staying = [ada, ben, cleo]
  return (await agree(group, staying)) || (await agree(group, [...staying, dora]))
}

/** Runs the deeds with a death at commit 1, 2, 3, … of whoever is mortal, until they are done without one. */
async function atEveryCommit(all: World, who: Person): Promise<number> {
  const { group, mortal } = all
  for (let at = 1; at <= MAX_COMMITS; at++) {
    const death = mortal.arm(at).then(() => true)
    const done = deeds(all, at)
      .then(() => all.pass(() => isQuiet(all)))
      .then(() => false)
      .catch(() => death)
    const died = await Promise.race([death, done])
    await done
    mortal.revive()
    await who.reopen()
    const copies = collectEvents(who.node, 'rolled-back')
    const members = await (await handle(all.ben, group)).members()
    await all.pass(() => isQuiet(all))
    expect(members).toEqual(expect.arrayContaining([all.ada.node.id, all.cleo.node.id]))
    await talk(all, group, [all.ada, all.ben, all.cleo], `after turn ${at}`)
    expect(copies).toEqual([])
    if (!died) return at
  }
  throw new Error('the deeds were never done')
}

/** What Ada has said, everybody has read once; and nothing else. */
async function expectWhole({ ada, ben, cleo, group }: World): Promise<void> {
  const said = (await texts(ada, group)).sort()
  expect(new Set(said).size).toBe(said.length)
  for (const reader of [ben, cleo]) expect((await texts(reader, group)).sort()).toEqual(said)
}

describe('hostile 30: groups', () => {
  it('an admin that dies at any commit goes on, and what it had done stands everywhere', {
    timeout: 60_000,
  }, async () => {
    const all = await world('ada')
    expect(await atEveryCommit(all, all.ada)).toBeGreaterThan(3)
    await expectWhole(all)
  })

  it('a member that dies at any commit follows, and shows everything once', { timeout: 60_000 }, async () => {
    const all = await world('cleo')
    expect(await atEveryCommit(all, all.cleo)).toBeGreaterThan(3)
    await expectWhole(all)
  })
})
