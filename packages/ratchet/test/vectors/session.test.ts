/** Replays the frozen vectors: today's code must give every recorded byte, and read every recorded state. */
import { readFileSync } from 'node:fs'
import { fromHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { decodePrekeyState, decodeSession, encodePrekeyState, encodeSession } from '../../src/index.js'
import { createPostQuantum, postQuantum } from '../../src/pq.js'
import { crypto } from '../support.js'
import { Machine, type Vector } from './machine.js'

interface VectorFile {
  readonly version: number
  readonly vectors: Vector[]
}

function readVectors(name: string): VectorFile {
  return JSON.parse(readFileSync(new URL(`../../../../vectors/session/${name}`, import.meta.url), 'utf8'))
}

/** The transcripts of version 2 say which KEM their prekeys have. */
const pqOf = (version: number, name: string) => {
  if (version === 1) return undefined
  return name.includes('ML-KEM-1024') ? createPostQuantum({ prekeyKem: 'ml-kem-1024' }) : postQuantum
}

describe.each([
  ['v1.json', 6, 45, 40],
  ['v2.json', 3, 18, 20],
] as const)('vectors/session/%s', (fileName, transcripts, refusals, snapshots) => {
  const file = readVectors(fileName)
  const options = file.version === 1 ? {} : { pq: postQuantum }

  it('holds valid and invalid transcripts', () => {
    expect(`v${file.version}.json`).toBe(fileName)
    const refused = file.vectors.flatMap((vector) => vector.steps).filter((step) => step.op === 'refuse')
    expect(file.vectors.length).toBe(transcripts)
    expect(refused.length).toBeGreaterThan(refusals)
    expect(refused.filter((step) => step.out.verdict === 'accepted')).toEqual([])
  })

  for (const vector of file.vectors) {
    it(vector.name, () => {
      const queue = [...vector.random]
      const machine = new Machine(
        (length) => {
          const bytes = fromHex(queue.shift() ?? '')
          expect(bytes.length).toBe(length)
          return bytes
        },
        pqOf(file.version, vector.name),
      )
      for (const [i, step] of vector.steps.entries()) {
        machine.run(step.op, step.in)
        expect(machine.steps[i]).toEqual(step)
      }
      expect(queue.length).toBe(0)
    })
  }

  it('hostile 53: the recorded snapshots are read, and written again as they were', () => {
    let sessions = 0
    for (const step of file.vectors.flatMap((vector) => vector.steps)) {
      const { snapshot, prekeys } = step.out
      if (typeof prekeys === 'string') {
        const bytes = fromHex(prekeys)
        expect(encodePrekeyState(crypto, decodePrekeyState(crypto, bytes, options))).toEqual(bytes)
      }
      if (typeof snapshot !== 'string' || step.op === 'prekeys' || step.op === 'rotate') continue
      sessions++
      expect(encodeSession(decodeSession(crypto, fromHex(snapshot), options))).toEqual(fromHex(snapshot))
    }
    expect(sessions).toBeGreaterThan(snapshots)
  })
})
