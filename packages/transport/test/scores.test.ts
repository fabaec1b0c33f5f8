import { virtualClock } from '@hyphae/testkit'
import { describe, expect, test } from 'vitest'
import { FAILURE_HALF_LIFE_MS, LEAST_LATE_MS, MAX_MEASURED_WAYS } from '../src/limits.js'
import { createScores } from '../src/scores.js'

describe('how long answers take', () => {
  test('the first measurement stands, later ones move it by an eighth', () => {
    const scores = createScores(virtualClock())
    expect(scores.latencyMs('a')).toBeUndefined()
    expect(scores.lateMs('a', 700)).toBe(700)
    scores.answered('a', 800)
    expect(scores.latencyMs('a')).toBe(800)
    expect(scores.lateMs('a', 700)).toBe(800 + 4 * 400)
    scores.answered('a', 1600)
    expect(scores.latencyMs('a')).toBe(900)
    expect(scores.lateMs('a', 700)).toBe(900 + 4 * 500)
  })

  test('nothing is late before the least', () => {
    const scores = createScores(virtualClock())
    for (let count = 0; count < 50; count++) scores.answered('a', 1)
    expect(scores.lateMs('a', 700)).toBe(LEAST_LATE_MS)
  })
})

describe('failures', () => {
  test('count less as time goes by, more when they repeat, and nothing after an answer', async () => {
    const clock = virtualClock()
    const scores = createScores(clock)
    scores.failed('a')
    expect(scores.isFailing('a')).toBe(true)
    await clock.advance(FAILURE_HALF_LIFE_MS + 1)
    expect(scores.isFailing('a')).toBe(false)
    for (let count = 0; count < 4; count++) scores.failed('a')
    await clock.advance(2 * FAILURE_HALF_LIFE_MS)
    expect(scores.isFailing('a')).toBe(true)
    scores.answered('a', 5)
    expect(scores.isFailing('a')).toBe(false)
  })

  test('are shunned for minutes at most, however many there were', async () => {
    const clock = virtualClock()
    const scores = createScores(clock)
    for (let count = 0; count < 1000; count++) scores.failed('a')
    await clock.advance(6 * FAILURE_HALF_LIFE_MS)
    expect(scores.isFailing('a')).toBe(false)
  })
})

test('ways beyond those that are kept are forgotten, the longest unused first', () => {
  const scores = createScores(virtualClock())
  for (let way = 0; way <= MAX_MEASURED_WAYS; way++) scores.answered(`${way}`, 1)
  expect(scores.latencyMs('0')).toBeUndefined()
  expect(scores.latencyMs('1')).toBe(1)
})
