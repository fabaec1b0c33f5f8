/** Replays the frozen vectors: today's code must give every recorded byte, and read every recorded state. */
import { readFileSync } from 'node:fs'
import { fromHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { decodePrekeyState, decodeSession, encodePrekeyState, encodeSession } from '../../src/index.js'
import { crypto } from '../support.js'
import { Machine, type Vector } from './machine.js'

const url = new URL('../../../../vectors/session/v1.json', import.meta.url)
const file: { version: number; vectors: Vector[] } = JSON.parse(readFileSync(url, 'utf8'))

describe('vectors/session/v1.json', () => {
  it('holds valid and invalid transcripts', () => {
    expect(file.version).toBe(1)
    const refused = file.vectors.flatMap((vector) => vector.steps).filter((step) => step.op === 'refuse')
    expect(file.vectors.length).toBe(6)
    expect(refused.length).toBeGreaterThan(45)
    expect(refused.filter((step) => step.out.verdict === 'accepted')).toEqual([])
  })

  for (const vector of file.vectors) {
    it(vector.name, () => {
      const queue = [...vector.random]
      const machine = new Machine((length) => {
        const bytes = fromHex(queue.shift() ?? '')
        expect(bytes.length).toBe(length)
        return bytes
      })
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
        expect(encodePrekeyState(crypto, decodePrekeyState(crypto, bytes))).toEqual(bytes)
      }
      if (typeof snapshot !== 'string' || step.op === 'prekeys' || step.op === 'rotate') continue
      sessions++
      expect(encodeSession(decodeSession(crypto, fromHex(snapshot)))).toEqual(fromHex(snapshot))
    }
    expect(sessions).toBeGreaterThan(40)
  })
})
