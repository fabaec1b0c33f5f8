/** Errors of the testkit: a broken rule, and a failure that was asked for. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const TESTKIT_ERRORS = {
  'testkit/broken-rule': {
    message: 'The part under test breaks a rule of its port.',
    hint: 'The details name the rule; the port in @hyphae/core states it.',
  },
  'testkit/injected': {
    message: 'This operation was made to fail.',
    hint: 'A test asked for it.',
    retryable: true,
  },
} as const

export type TestkitErrorCode = keyof typeof TESTKIT_ERRORS

export class TestkitError extends HyphaeError<TestkitErrorCode> {
  constructor(code: TestkitErrorCode, context?: ErrorContext) {
    super(TESTKIT_ERRORS, code, context)
  }
}
