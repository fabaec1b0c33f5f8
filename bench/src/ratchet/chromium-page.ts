// Runs in the page: ours with portable code alone.
import { nobleCrypto as crypto } from '@hyphae/crypto'
import { postQuantum as pq } from '@hyphae/ratchet/pq'
import { hyphae } from './hyphae.ts'
import { competeAll, type Pace, sunk } from './timing.ts'

async function run(pace: Pace) {
  const ours = [hyphae({ name: 'classic', crypto }), hyphae({ name: 'pq', crypto, pq })]
  const groups = await competeAll(ours, pace)
  return { groups: groups.map((group) => [...group]), sunk: sunk() }
}

export type PageResult = Awaited<ReturnType<typeof run>>

Object.assign(globalThis, { runRatchet: run })
