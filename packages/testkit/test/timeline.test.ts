import { timeline } from '@hyphae/testkit'
import fc from 'fast-check'
import { expect, test } from 'vitest'

test('timers fire in order of time, those of one time in the order they were set, cancelled ones never', () => {
  const timer = fc.record({ at: fc.nat({ max: 50 }), cancelled: fc.boolean() })
  fc.assert(
    fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
      const time = timeline(0)
      const fired: number[] = []
      const set = timers.map(({ at }, index) => time.at(at, () => fired.push(index)))
      for (const [index, { cancelled }] of timers.entries()) if (cancelled) set[index]?.cancel()
      const expected = timers
        .map((one, index) => ({ ...one, index }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at || a.index - b.index)
      expect(time.pending()).toBe(expected.length)
      let last = 0
      while (time.fire()) {
        expect(time.now()).toBeGreaterThanOrEqual(last)
        last = time.now()
      }
      expect(fired).toEqual(expected.map(({ index }) => index))
      expect(time.pending()).toBe(0)
    }),
  )
})

test('a timer that is due in the past fires now, and time never goes back', () => {
  const time = timeline(100)
  time.at(50, () => {})
  expect(time.fire()).toBe(true)
  expect(time.now()).toBe(100)
  time.moveTo(10)
  expect(time.now()).toBe(100)
})

test('clocks show whole milliseconds, and nobody wakes early', () => {
  const time = timeline(0)
  time.at(0.2, () => {})
  expect(time.next()).toBe(1)
})

test('cancelling after firing changes nothing', () => {
  const time = timeline(0)
  const timer = time.at(1, () => {})
  time.at(2, () => {})
  time.fire()
  timer.cancel()
  timer.cancel()
  expect(time.pending()).toBe(1)
})
