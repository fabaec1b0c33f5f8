// Rounds of the same steps for all contenders in turn; whoever is slow gets fewer of them.
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Contender, Group, Side } from './contender.ts'

export const GROUP_ROWS = ['addAll', 'join', 'createUpdate', 'processUpdate'] as const
export const MESSAGE_ROWS = ['encrypt', 'decrypt'] as const
export type Row = (typeof GROUP_ROWS)[number] | (typeof MESSAGE_ROWS)[number]

/** By row: milliseconds for group operations, microseconds for one message. */
export type Samples = Record<Row, number[]>

export interface Pace {
  /** Whole lives of a group. */
  readonly groups: number
  /** Pairs of updates in each: after the first pair the tree is filled on two paths. */
  readonly updates: number
}

/** Messages in a batch: long enough that a collection of garbage does not decide a round. */
const BATCH = 40
const MESSAGE_ROUNDS = 15
const WARM_UP_BATCHES = 8

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Nobody pays for what another has left behind. */
export function collectGarbage(): void {
  // Twice: the first frees what keeps typed arrays, the second the arrays.
  collect()
  collect()
}

async function milliseconds(step: () => Promise<void>): Promise<number> {
  const begun = process.hrtime.bigint()
  await step()
  return Number(process.hrtime.bigint() - begun) / 1e6
}

function emptySamples(): Samples {
  return { addAll: [], join: [], createUpdate: [], processUpdate: [], encrypt: [], decrypt: [] }
}

async function live(group: Group, samples: Samples, updates: number): Promise<void> {
  collectGarbage()
  samples.addAll.push(await milliseconds(() => group.addAll()))
  collectGarbage()
  samples.join.push(await milliseconds(() => group.join()))
  collectGarbage()
  const sides: Side[] = ['last', 'first']
  for (let pair = 0; pair < updates; pair++) {
    for (const side of sides) {
      samples.createUpdate.push(await milliseconds(() => group.update(side)))
      samples.processUpdate.push(await milliseconds(() => group.process(side)))
    }
  }
}

async function talk(group: Group, samples: Samples): Promise<void> {
  const perMessage = 1000 / BATCH
  samples.encrypt.push((await milliseconds(() => group.encrypt(BATCH))) * perMessage)
  samples.decrypt.push((await milliseconds(() => group.decrypt())) * perMessage)
}

export interface Entry {
  readonly contender: Contender
  readonly pace: Pace
}

/** Every contender's samples in groups of so many members. */
export async function compete(
  entries: readonly Entry[],
  members: number,
): Promise<ReadonlyMap<string, Samples>> {
  const results = new Map<string, Samples>()
  const parties: { make: () => Promise<Group>; pace: Pace; samples: Samples; group?: Group }[] = []
  for (const { contender, pace } of entries) {
    const samples = emptySamples()
    results.set(contender.name, samples)
    parties.push({ make: await contender.prepare(members), pace, samples })
  }
  const rounds = Math.max(...parties.map(({ pace }) => pace.groups))
  for (let round = 0; round < rounds; round++) {
    for (const party of parties) {
      if (round >= party.pace.groups) continue
      party.group = await party.make()
      await live(party.group, party.samples, party.pace.updates)
    }
  }
  for (const { group } of parties) {
    for (let batch = 0; batch < WARM_UP_BATCHES; batch++) await talk(group as Group, emptySamples())
  }
  for (let round = 0; round < MESSAGE_ROUNDS; round++) {
    for (let turn = 0; turn < parties.length; turn++) {
      const party = parties[(turn + round) % parties.length]
      if (party !== undefined) await talk(party.group as Group, party.samples)
    }
  }
  return results
}
