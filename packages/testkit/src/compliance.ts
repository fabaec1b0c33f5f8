/**
 * The words compliance cases are written in. A case is a name and a function that throws; any test framework,
 * or none, can run it.
 */
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import { TestkitError } from './errors.js'

export interface ComplianceCase {
  readonly name: string
  /** Throws when the part under test breaks the rule. */
  run(): Promise<void>
}

/** @throws TestkitError `testkit/broken-rule` unless `holds` */
export function rule(holds: boolean, statement: string): asserts holds {
  if (!holds) throw new TestkitError('testkit/broken-rule', { details: { rule: statement } })
}

export function ruleBytes(actual: Uint8Array | undefined, expected: Uint8Array, statement: string): void {
  const shown = actual === undefined ? 'nothing' : toHex(actual.subarray(0, 8))
  rule(actual !== undefined && equalBytes(actual, expected), `${statement}; came: ${shown}`)
}

/** The promise must reject with a HyphaeError; which code is the part's own affair. */
export async function ruleRefused(attempt: () => Promise<unknown>, statement: string): Promise<void> {
  let error: unknown
  try {
    await attempt()
  } catch (thrown) {
    error = thrown
  }
  rule(error !== undefined, `${statement}; it was accepted`)
  rule(isHyphaeError(error), `${statement}; it threw something else than a HyphaeError`)
}

/** What must come within `patienceMs`. */
export async function soon<T>(promise: Promise<T>, statement: string, patienceMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new TestkitError('testkit/broken-rule', { details: { rule: `${statement}; it did not come` } }),
        ),
      patienceMs,
    )
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Opens what a case needs, runs it and always disposes of it. */
export function caseWith<Subject extends { dispose(): Promise<void> | void }>(
  open: () => Promise<Subject>,
): (name: string, body: (subject: Subject) => Promise<void>) => ComplianceCase {
  return (name, body) => ({
    name,
    run: async () => {
      const subject = await open()
      try {
        await body(subject)
      } finally {
        await subject.dispose()
      }
    },
  })
}
