/** Errors of the testkit: a broken rule, failures that were asked for, and what simulated carriers say. */
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
  'testkit/refused': {
    message: 'A simulated part does not take this.',
    hint: 'The details say why; trying again changes nothing.',
  },
  'testkit/unreachable': {
    message: 'The simulated peer gave no answer; it may or may not have done what was asked.',
    hint: 'Try again with the same bytes once the network lets it through.',
    retryable: true,
  },
  'testkit/full': {
    message: 'The simulated relay or link holds as much as it takes.',
    hint: 'It takes more once something was read or sent.',
    retryable: true,
  },
  'testkit/closed': {
    message: 'The simulated carrier, store or transaction is closed.',
    hint: 'Open it again.',
  },
} as const

export type TestkitErrorCode = keyof typeof TESTKIT_ERRORS

export class TestkitError extends HyphaeError<TestkitErrorCode> {
  constructor(code: TestkitErrorCode, context?: ErrorContext) {
    super(TESTKIT_ERRORS, code, context)
  }
}
