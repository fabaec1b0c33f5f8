// When a member is due to refresh its keys: a pure function of its last commit, on the injected clock.
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type GroupState,
  isUpdateDue,
  nextUpdateAt,
  processMessage,
  ROTATION_JITTER,
  ROTATION_PERIOD_MS,
  ROTATION_SPACING_MS,
  removeMembers,
} from '../src/index.js'
import { rotationPeriod } from '../src/rotation.js'
import { at, codeOf, DAY, type Device, device, groupOf, START } from './helpers.js'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
let devices: Device[]
let states: GroupState[]

beforeAll(async () => {
  devices = NAMES.map((name) => device(name))
  states = await groupOf(devices)
})

const dueOf = (i: number, last: number): number => nextUpdateAt(at(devices, i).ctx, at(states, i), last)

describe('the next refresh', () => {
  it('is about a week after the last, within the jitter, and the same whenever it is asked', () => {
    for (const i of NAMES.keys()) {
      const wait = dueOf(i, START) - START
      expect(wait).toBeGreaterThanOrEqual(ROTATION_PERIOD_MS * (1 - ROTATION_JITTER))
      expect(wait).toBeLessThanOrEqual(ROTATION_PERIOD_MS * (1 + ROTATION_JITTER))
      expect(dueOf(i, START)).toBe(START + wait)
    }
  })

  it('is another for every member and every turn', () => {
    const waits = NAMES.flatMap((_, i) => [dueOf(i, START) - START, dueOf(i, START + DAY) - START - DAY])
    expect(new Set(waits).size).toBe(waits.length)
  })

  it('is due by the injected clock, not before, and at once when the clock was set back', () => {
    const { ctx, time } = at(devices, 0)
    const due = dueOf(0, START)
    for (const [now, expected] of [
      [due - 1, false],
      [due, true],
      [due + 300 * DAY, true],
      [START - 3650 * DAY, true],
    ] as const) {
      time.at = now
      expect(isUpdateDue(ctx, at(states, 0), START)).toBe(expected)
    }
    time.at = START
  })

  it('a large group gives its members more time, so that commits do not pile up', () => {
    expect(rotationPeriod(8)).toBe(ROTATION_PERIOD_MS)
    expect(rotationPeriod(100)).toBe(ROTATION_PERIOD_MS)
    expect(rotationPeriod(1500)).toBe(1500 * ROTATION_SPACING_MS)
    expect(rotationPeriod(1500)).toBeGreaterThan(2 * ROTATION_PERIOD_MS)
  })

  it('is for members alone, and for times', async () => {
    expect(await codeOf(() => dueOf(0, Number.NaN))).toBe('mls/bad-argument')
    const [a, h] = [at(devices, 0), at(devices, 7)]
    const { commit } = await removeMembers(a.ctx, at(states, 0), [7])
    const { state } = await processMessage(h.ctx, at(states, 7), commit)
    expect(await codeOf(() => nextUpdateAt(h.ctx, state, START))).toBe('mls/removed')
  })
})
