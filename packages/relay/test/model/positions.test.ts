import fc from 'fast-check'
import { expect, it } from 'vitest'
import { slot, slotSeq } from '../../src/engine/keys.js'
import { createPositions } from '../../src/engine/positions.js'

const step = fc.record({
  box: fc.constantFrom('a', 'b'),
  what: fc.constantFrom('add', 'add', 'add', 'drop', 'remove', 'look'),
  at: fc.nat(400),
  limit: fc.integer({ min: 1, max: 10 }),
})

it('positions do what a plain sorted list would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), fc.constantFrom(0, 1, 100), (steps, kept) => {
      const positions = createPositions(kept)
      const model = new Map<string, number[]>([
        ['a', []],
        ['b', []],
      ])
      let seq = 0
      for (const { box, what, at, limit } of steps) {
        const list = model.get(box) as number[]
        if (what === 'add') {
          seq += 1 + (at % 3)
          positions.add(box, slot(seq, 512))
          list.push(seq)
        } else if (what === 'drop') {
          positions.drop(box, at)
          model.set(
            box,
            list.filter((other) => other > at),
          )
        }
        if (what === 'remove') {
          positions.remove(box, at)
          model.set(
            box,
            list.filter((other) => other !== at),
          )
        }
        const now = model.get(box) as number[]
        expect(positions.count(box)).toBe(now.length)
        expect(positions.newest(box)).toBe(now.at(-1) ?? 0)
        expect(positions.has(box, at)).toBe(now.includes(at))
        expect(positions.upTo(box, at).map(slotSeq)).toEqual(now.filter((other) => other <= at))
        expect(positions.after(box, at, limit).map(slotSeq)).toEqual(
          now.filter((other) => other > at).slice(0, limit),
        )
      }
      const filled = [...model].filter(([, list]) => list.length > 0).map(([box]) => box)
      expect([...positions.names()].toSorted()).toEqual(filled)
      expect(positions.boxes()).toBe([...model.values()].filter(({ length }) => length > 0).length)
    }),
  )
})
