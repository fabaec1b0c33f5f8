/** People whose network can come apart: mail to the other bank waits until it is whole again, or is lost. */
import {
  type Clock,
  type MailboxPut,
  type Store,
  silentLogger,
  systemClock,
  type Transport,
} from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { memoryStore } from '@hyphae/store'
import { expect } from 'vitest'
import { groupsTable } from '../src/group-rows.js'
import { type Group, type Messenger, type MessengerOptions, memoryNetwork } from '../src/index.js'
import { boxesTable } from '../src/rows.js'
import { eventOf, type MovableClock, movableClock, openNode, survivingStore, tapped } from './nodes.js'

/** What waits in the background for a second or an hour is soon done. */
export function eagerClock(): MovableClock {
  const clock = movableClock()
  const sleep: Clock['sleep'] = (ms, signal, background) =>
    systemClock.sleep(background ? Math.min(ms, 20) : ms, signal, background)
  return { ...clock, sleep }
}

export interface Person {
  node: Messenger
  readonly disk: Store
  /** Everything it has put, also what was kept from others. */
  readonly puts: MailboxPut[]
  /** Closes the node and opens it again on its store. */
  reopen(): Promise<void>
}

export interface Banks {
  readonly clock: MovableClock
  person(options?: Partial<MessengerOptions>, disk?: Store): Promise<Person>
  /** From now on the mail of one side to another waits. */
  part(...sides: readonly (readonly Person[])[]): void
  /** From now on what is put for these is lost. */
  lose(...people: readonly Person[]): void
  /** Everybody reaches everybody, and what waited arrives. */
  join(): Promise<void>
  /** Puts everything once more that these have put, as other mail. */
  repeat(...people: readonly Person[]): Promise<void>
  /** Lets time pass until it holds. */
  pass(holds: () => Promise<boolean> | boolean): Promise<void>
}

const PATIENCE_MS = 20_000
const STEP_MS = 1_500

export function banks(): Banks {
  const net = memoryNetwork()
  const clock = eagerClock()
  let sides: readonly (readonly Person[])[] = []
  let lost: readonly Person[] = []
  const waiting: (() => Promise<void>)[] = []
  const isOf = async (people: readonly Person[], box: Uint8Array): Promise<boolean> => {
    for (const { disk } of people) if ((await boxesTable.get(disk, box)) !== undefined) return true
    return false
  }
  const wire =
    (self: () => Person | undefined): Transport =>
    async (components) => {
      const carrier = await net()(components)
      const mailbox = carrier.mailbox
      if (mailbox === undefined) throw new Error('the network has mailboxes')
      const put: typeof mailbox.put = async (items, options) => {
        const me = self()
        const own = sides.find((side) => me !== undefined && side.includes(me))
        const others = own === undefined ? [] : sides.filter((side) => side !== own).flat()
        for (const item of items) {
          if (await isOf(lost, item.box)) continue
          if (await isOf(others, item.box)) waiting.push(() => mailbox.put([item]))
          else await mailbox.put([item], options)
        }
      }
      return { ...carrier, mailbox: { put, fetch: mailbox.fetch, watch: mailbox.watch } }
    }
  return {
    clock,
    person: async (options = {}, disk = survivingStore(memoryStore())) => {
      const puts: MailboxPut[] = []
      let self: Person | undefined
      const open = (): Promise<Messenger> =>
        openNode(
          tapped(
            wire(() => self),
            puts,
          ),
          { clock, store: disk, ...options },
        )
      const reopen = async (): Promise<void> => {
        await self?.node.close().catch(() => {})
        if (self !== undefined) self.node = await open()
      }
      self = { node: await open(), disk, puts, reopen }
      return self
    },
    part: (...parts) => {
      sides = parts
    },
    lose: (...people) => {
      lost = people
    },
    join: async () => {
      sides = []
      lost = []
      for (const put of waiting.splice(0)) await put()
    },
    repeat: async (...people) => {
      const carrier = await net()({ clock: systemClock, logger: silentLogger })
      for (const { puts } of people)
        for (const item of [...puts])
          await carrier.mailbox?.put([{ ...item, id: defaultCrypto.randomBytes(item.id.length) }])
      await carrier.close()
    },
    pass: async (holds) => {
      for (const end = Date.now() + PATIENCE_MS; !(await holds()); clock.forward(STEP_MS)) {
        if (Date.now() > end) throw new Error('it did not come to pass in time')
        await new Promise((resolve) => setTimeout(resolve, 40))
      }
    },
  }
}

/** Its creator's handle of a new group with these members. */
export async function found(creator: Person, ...members: readonly Person[]): Promise<Group> {
  const joins = Promise.all(members.map(({ node }) => eventOf(node, 'group-joined')))
  const group = await creator.node.createGroup({ name: 'banks', members: members.map(({ node }) => node.id) })
  await joins
  return group
}

export async function handle({ node }: Person, { id }: Group): Promise<Group> {
  return node.group(id)
}

export async function membersFor(person: Person, group: Group): Promise<string[]> {
  return (await (await handle(person, group)).members()).sort()
}

/** Whether these, and nobody else, are in the group for each of them, in one epoch and with the same admins. */
export async function agree(group: Group, people: readonly Person[]): Promise<boolean> {
  const ids = people.map(({ node }) => node.id).sort()
  const seen = new Set<string>()
  for (const person of people) {
    const { epoch } = (await groupsTable.get(person.disk, group.id)) ?? {}
    const one = await person.node.group(group.id).catch(() => undefined)
    if (one === undefined || !(await one.isActive())) return false
    if ((await one.members()).sort().join() !== ids.join()) return false
    seen.add([epoch, ...(await one.admins()).sort()].join())
  }
  return seen.size === 1
}

export async function texts(person: Person, group: Group): Promise<(string | undefined)[]> {
  return (await (await handle(person, group)).history({ limit: 200 })).map(({ text }) => text)
}

/** Each writes, and every other one reads it, once. */
export async function talk(
  banks: Banks,
  group: Group,
  people: readonly Person[],
  word: string,
): Promise<void> {
  const said = people.map((_, index) => `${word} ${index}`)
  for (const [index, person] of people.entries())
    await (await handle(person, group)).send(said[index] as string)
  const all = async (person: Person): Promise<boolean> => {
    const read = await texts(person, group)
    return said.every((text) => read.includes(text))
  }
  for (const person of people) await banks.pass(() => all(person))
  for (const person of people) {
    const read = (await texts(person, group)).filter((text) => text?.startsWith(`${word} `))
    expect(read).toHaveLength(said.length)
  }
}
