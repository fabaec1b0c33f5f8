// Ours alone at the size it is built for: every operation on a group of 1,500, what a state costs at rest, and what
// of it is written for one message.
import process from 'node:process'
import {
  addMembers,
  createGroup,
  decodeGroup,
  decodeGroupRows,
  encodeGroup,
  encodeGroupChanges,
  encodeGroupRows,
  encryptMessage,
  forgetGroup,
  type GroupRow,
  type GroupState,
  joinGroup,
  processMessage,
  removeMembers,
  treeChunks,
} from '@hyphae/mls'
import { median, round } from '../harness.ts'
import { ctx, type Device, makeDevice, makeDevices, newGroup } from './hyphae.ts'
import { collectGarbage } from './timing.ts'

const ROUNDS = 5
const MESSAGE = new Uint8Array(64)
const NO_AAD = new Uint8Array()

function memoryInUse(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function timed<T>(samples: number[], step: () => Promise<T> | T): Promise<T> {
  const begun = process.hrtime.bigint()
  const result = await step()
  samples.push(Number(process.hrtime.bigint() - begun) / 1e6)
  return result
}

const bytesOf = (rows: readonly GroupRow[]): number =>
  rows.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)

type Timings = Map<string, number[]>

function samplesOf(timings: Timings, name: string): number[] {
  const samples = timings.get(name) ?? []
  timings.set(name, samples)
  return samples
}

/** Adding one and removing one, made by the first member and read by the last. */
async function change(
  states: { first: GroupState; last: GroupState },
  newcomer: Device,
  timings: Timings,
): Promise<void> {
  const of = (name: string): number[] => samplesOf(timings, name)
  const { keyPackage } = newcomer.offer
  const added = await timed(of('addOne'), () => addMembers(ctx, states.first, [keyPackage]))
  const read = await timed(of('processAdd'), () => processMessage(ctx, states.last, added.commit))
  const leaf = added.members[0]?.leaf as number
  const removed = await timed(of('remove'), () => removeMembers(ctx, added.state, [leaf]))
  const after = await timed(of('processRemove'), () => processMessage(ctx, read.state, removed.commit))
  states.first = removed.state
  states.last = after.state
}

/** Joining with the tree from elsewhere, in chunks. */
async function apart(
  devices: readonly Device[],
  samples: number[],
  figures: Record<string, number>,
): Promise<void> {
  const [first, ...others] = devices as [Device, ...Device[]]
  const alone = await createGroup(ctx, first.identity, ctx.crypto.randomBytes(16))
  const offers = others.map(({ offer }) => offer.keyPackage)
  const { state, welcome } = await addMembers(ctx, alone, offers, 'apart')
  const chunks = treeChunks(ctx, state).map(({ bytes }) => bytes)
  const last = others.at(-1) as Device
  for (let i = 0; i < ROUNDS; i++)
    await timed(samples, () => joinGroup(ctx, { ...last.offer, welcome, chunks }))
  figures.welcomeApartBytes1500 = welcome.length
  figures.chunks1500 = chunks.length
}

async function rest(state: GroupState, timings: Timings, figures: Record<string, number>): Promise<void> {
  const of = (name: string): number[] => samplesOf(timings, name)
  const snapshot = encodeGroup(state)
  const rows = encodeGroupRows(state)
  for (let i = 0; i < ROUNDS * 2; i++) {
    await timed(of('stateEncode'), () => encodeGroup(state))
    await timed(of('stateDecode'), () => decodeGroup(ctx, snapshot))
    await timed(of('rowsDecode'), () => decodeGroupRows(ctx, rows))
    const sent = await encryptMessage(ctx, state, MESSAGE, NO_AAD)
    const changes = await timed(of('changesEncode'), () => encodeGroupChanges(state, sent.state))
    figures.rowBytesPerMessage1500 = bytesOf(changes)
    await timed(of('forget'), () => forgetGroup(sent.state, [state]))
  }
  figures.stateBytes1500 = snapshot.length
  const before = memoryInUse()
  const held = decodeGroup(ctx, snapshot)
  figures.heapBytesPerMember1500 = Math.round((memoryInUse() - before) / 1500)
  if (held.kind !== 'mls-group') throw new Error('not decoded')
}

/** Milliseconds by operation; figures that are no times are put into `figures`. */
export async function large(
  members: number,
  figures: Record<string, number>,
): Promise<ReadonlyMap<string, number>> {
  const devices = await makeDevices(members)
  const timings: Timings = new Map()
  const of = (name: string): number[] => samplesOf(timings, name)
  let group = await newGroup(devices)
  for (let i = 0; i < ROUNDS; i++) {
    group = await newGroup(devices)
    collectGarbage()
    await timed(of('addAll'), () => group.addAll())
    await timed(of('join'), () => group.join())
    await timed(of('updateBare'), () => group.update('last'))
    await timed(of('processBare'), () => group.process('last'))
    for (const side of ['first', 'last'] as const) {
      await timed(of('createUpdate'), () => group.update(side))
      await timed(of('processUpdate'), () => group.process(side))
    }
  }
  figures.welcomeBytes1500 = group.welcome().length
  await apart(devices, of('joinApart'), figures)
  // One leaves, so that there is a place to add and remove.
  const removed = await timed(of('remove'), () => removeMembers(ctx, group.states.first, [1]))
  const read = await processMessage(ctx, group.states.last, removed.commit)
  const states = { first: removed.state, last: read.state }
  for (let i = 0; i < ROUNDS; i++) await change(states, await makeDevice(members + i), timings)
  for (let i = 0; i < 20; i++) {
    await group.encrypt(10)
    await timed(of('messages10'), () => group.decrypt())
  }
  await rest(group.states.first, timings, figures)
  return new Map([...timings].map(([name, samples]) => [name, round(median(samples), 3)]))
}
