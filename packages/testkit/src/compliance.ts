/**
 * The words compliance cases are written in. A case is a name and a function that throws; any test framework,
 * or none, can run it. What cannot be asked of a part is not passed over in silence: the case says so.
 */
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import { TestkitError } from './errors.js'
import { QUIET_MS } from './limits.js'

/** What a test framework gives to its tests; the contexts of vitest and node:test are such. */
export interface ComplianceContext {
  /** Told why a case was not asked: a hook was not given, or the part does not promise what the case is about. */
  skip?(reason: string): void
}

export interface ComplianceCase {
  readonly name: string
  /** Throws when the part under test breaks the rule. Without a context a case that is not asked ends like one that passed. */
  run(context?: ComplianceContext): Promise<void>
}

/** Carries a reason out of a case; never leaves `caseWith`. */
class NotAsked extends Error {}

/** Ends the case unless `holds`: it is not asked, for a reason that says what is missing. */
export function asked(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new NotAsked(reason)
}

/** Ends the case unless the subject has what it needs to break something. */
export function given<Hook>(hook: Hook | undefined, name: string): asserts hook is Hook {
  asked(hook !== undefined, `not asked: the subject has no ${name}`)
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

/** What a node does with a call that fails because its connection is gone: the same again, until it is answered. */
export async function again<T>(attempt: () => Promise<T>, patienceMs: number): Promise<T> {
  for (const end = performance.now() + patienceMs; ; ) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > end) throw error
      await pause(QUIET_MS)
    }
  }
}

/** Opens what a case needs, runs it and always disposes of it. */
export function caseWith<Subject extends { dispose(): Promise<void> | void }>(
  open: () => Promise<Subject>,
): (name: string, body: (subject: Subject) => Promise<void>) => ComplianceCase {
  return (name, body) => ({
    name,
    // A rest parameter, because some frameworks take a function with one for a test that calls back.
    run: async (...[context]) => {
      const subject = await open()
      let reason: string | undefined
      try {
        await body(subject)
      } catch (error) {
        if (!(error instanceof NotAsked)) throw error
        reason = error.message
      } finally {
        await subject.dispose()
      }
      if (reason !== undefined) context?.skip?.(reason)
    },
  })
}
