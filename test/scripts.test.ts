// The parts of the commands that decide: the lowest Node.js, the last line of `npm test`, fuzz mutations.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mutate } from '../scripts/lib/mutate.mjs'
import { atLeast } from '../scripts/lib/node-version.mjs'
import { seededNumbers } from '../scripts/lib/random.mjs'
import { summarize, summaryLine } from '../scripts/lib/test-summary.mjs'

describe('the lowest Node.js', () => {
  it.each([
    ['20.19.0', true],
    ['20.20.2', true],
    ['22.0.0', true],
    ['20.18.3', false],
    ['18.20.8', false],
  ])('%s against 20.19: %s', (version, enough) => {
    expect(atLeast(version, '20.19')).toBe(enough)
  })
})

describe('the last line of npm test', () => {
  const file = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  })
  const report = (passed: number, failed: number, ...testResults: ReturnType<typeof file>[]) => ({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults,
  })
  const line = (...args: Parameters<typeof summarize>) => summaryLine(summarize(...args))

  it('counts', () => {
    expect(line(report(2, 0, file('passed', 'passed', 'passed')), 0)).toBe('2 passed, 0 failed')
    expect(line(report(1, 1, file('failed', 'passed', 'failed')), 1)).toBe('1 passed, 1 failed')
  })

  it('names skipped tests only where there are any', () => {
    expect(line({ ...report(1, 0), numPendingTests: 2 }, 0)).toBe('1 passed, 0 failed, 2 skipped')
  })

  it('counts a file that failed before its first test', () => {
    expect(line(report(1, 0, file('failed'), file('passed', 'passed')), 1)).toBe('1 passed, 1 failed')
  })

  it('is a failure when all tests passed and the run did not', () => {
    expect(line(report(3, 0, file('passed', 'passed')), 1)).toBe('3 passed, 1 failed')
  })

  it('is a failure when the run left no report', () => {
    expect(line(null, 0)).toBe('0 passed, 1 failed')
  })
})

describe('fuzz mutations', () => {
  const corpus = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 })

  it('are the same for the same seed, bounded, and leave the corpus alone', () => {
    fc.assert(
      fc.property(corpus, fc.nat(), (inputs, seed) => {
        const before = inputs.map((input) => input.slice())
        const first = mutate(inputs, seededNumbers(seed))
        expect(mutate(inputs, seededNumbers(seed))).toEqual(first)
        expect(first.length).toBeLessThanOrEqual(16_384)
        expect(inputs).toEqual(before)
      }),
    )
  })

  it('make something new nearly always', () => {
    const random = seededNumbers(1)
    const input = random.bytes(64)
    const made = Array.from({ length: 200 }, () => Buffer.from(mutate([input], random)).toString('hex'))
    expect(new Set(made).size).toBeGreaterThan(150)
  })
})
