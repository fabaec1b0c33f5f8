/** The groups of a village: who is in which, what is said there, and which boxes they had. */
import { toHex } from '@hyphae/core'
import type { NodeLife, SeededRandom } from '@hyphae/testkit'
import type { Messenger } from '../../src/index.js'
import { boxesTable } from '../../src/rows.js'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export interface GroupLife {
  /** Names of the members, the admin first. */
  readonly members: readonly string[]
  /** In hexadecimal, what they read for it. */
  readonly boxes: Set<string>
}

export interface GroupTalk {
  /** Ids of accounts by name. */
  readonly ids: ReadonlyMap<string, Messenger['id']>
  /** Nobody begins to say anything after so many milliseconds of a life. */
  readonly endsAfterMs: number
  /** Notes when a text was said, by whom it has to be read, and says it. */
  say(text: string, readers: readonly string[], send: (text: string) => Promise<unknown>): Promise<void>
  pause(life: NodeLife, meanMs: number): Promise<void>
}

/** Groups of four and five in turn, of people who are in no other. */
export function drawGroups(random: SeededRandom, names: readonly string[], count: number): GroupLife[] {
  const free = random.shuffle(names)
  return Array.from({ length: count }, (_, index) => ({
    members: free.splice(0, 4 + (index % 2)),
    boxes: new Set<string>(),
  }))
}

/** What is said in a group: bursts, four a day by each member. Ends when it is time to be quiet. */
export async function talkInGroup(
  talk: GroupTalk,
  life: NodeLife,
  messenger: Messenger,
  { members }: GroupLife,
): Promise<void> {
  const startedAt = life.clock.now()
  const others = members.filter((name) => name !== life.name)
  for (let count = 0; ; ) {
    await talk.pause(life, 6 * HOUR_MS)
    for (let burst = 2 + life.random.integer(4); burst > 0; burst--) {
      if (life.clock.now() - startedAt > talk.endsAfterMs) return
      const [group] = await messenger.groups()
      if (group !== undefined)
        await talk.say(`${life.name} to all ${count++}`, others, (text) => group.send(text))
      await talk.pause(life, 2 * MINUTE_MS)
    }
  }
}

/** The admin's part: once everybody is there, the group is made. */
export async function foundGroup(
  talk: GroupTalk,
  life: NodeLife,
  messenger: Messenger,
  { members }: GroupLife,
): Promise<void> {
  const invited = members.slice(1)
  while (invited.some((name) => !talk.ids.has(name))) await talk.pause(life, 10 * MINUTE_MS)
  await messenger.createGroup({
    name: 'circle',
    members: invited.map((name) => talk.ids.get(name) as Messenger['id']),
  })
}

/** Notes the boxes that a node reads for its group, each hour. */
export async function noteBoxes(life: NodeLife, { boxes }: GroupLife): Promise<void> {
  for (;;) {
    await life.clock.sleep(HOUR_MS)
    for (const { parts, row } of await boxesTable.list(life.disk, []))
      if (row.kind === 'group') boxes.add(toHex(parts[0] as Uint8Array))
  }
}
