/** Errors of the stores. No detail ever holds a key part, a value or a passphrase. */
import { type ErrorContext, HyphaeError, isHyphaeError } from '@hyphae/core'

export const STORE_ERRORS = {
  'store/wrong-key': {
    message: 'The passphrase or key does not open this store.',
    hint: 'Check the passphrase; nothing was read or changed.',
  },
  'store/wrong-mode': {
    message: 'The store was made with another kind of protection.',
    hint: 'Open it the way it was made: passphrase, key, or unsafePlaintext.',
  },
  'store/locked': {
    message: 'The store is open in another process or tab.',
    hint: 'Close the other one, or talk to it instead of opening its store.',
    retryable: true,
  },
  'store/corrupt': {
    message: 'A stored record is damaged.',
    hint: 'Other records stay readable; restore this one from a backup or a linked device.',
  },
  'store/full': {
    message: 'There is no space left for the store.',
    hint: 'Free space and try again; nothing of this transaction was written.',
    retryable: true,
  },
  'store/io': {
    message: 'The storage below the store failed.',
    hint: 'See the cause; nothing of this transaction was written.',
    retryable: true,
  },
  'store/closed': {
    message: 'The store is closed.',
    hint: 'Open it again before using it.',
  },
  'store/bad-key': {
    message: 'The store key cannot be stored.',
    hint: 'A key is a table name followed by non-negative safe integers, well-formed text or bytes.',
  },
  'store/too-large': {
    message: 'The key, value or transaction is larger than a store takes.',
    hint: 'Split it; the limits are in the details.',
  },
  'store/bad-options': {
    message: 'The options do not say how to protect the store.',
    hint: 'Pass one of a non-empty passphrase, a 32-byte key, or unsafePlaintext: true.',
  },
  'store/transaction-over': {
    message: 'The transaction has ended.',
    hint: 'Await everything inside the function given to transact, and use its argument only there.',
  },
} as const

export type StoreErrorCode = keyof typeof STORE_ERRORS

export class StoreError extends HyphaeError<StoreErrorCode> {
  constructor(code: StoreErrorCode, context?: ErrorContext) {
    super(STORE_ERRORS, code, context)
  }
}

/** Whatever an engine threw, as a Hyphae error: its own are kept, anything else is a failure of the storage. */
export function asHyphaeError(cause: unknown): Error {
  return isHyphaeError(cause) ? cause : new StoreError('store/io', { cause })
}
