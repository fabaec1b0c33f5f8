/** Errors of carriers that live in the process, and of several carriers used as one. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const TRANSPORT_ERRORS = {
  'transport/bad-frame': {
    message: 'The frame, its id or its box has a length that no carrier takes.',
    hint: 'Frames have 128, 512, 2048 or 4096 bytes, ids 16, boxes 32.',
  },
  'transport/bad-record': {
    message: 'The directory record or stock upload is malformed or not signed by its writer.',
    hint: 'Keep within the limits in the details and sign with the key named as writer.',
  },
  'transport/bad-blob': {
    message: 'The blob is too large or does not match its hash.',
    hint: 'A blob has at most 4096 bytes and is named by its SHA-256.',
  },
  'transport/bad-proof': {
    message: 'The key does not own this mailbox.',
    hint: 'Read and acknowledge with the private key of the box.',
  },
  'transport/stale': {
    message: 'Something newer is already stored under this writer.',
    hint: 'Read what is there and publish with a higher sequence number.',
  },
  'transport/full': {
    message: 'The carrier holds as much as it may for this address.',
    hint: 'It takes more once the recipient has acknowledged, or the stock was used.',
    retryable: true,
  },
  'transport/lost': {
    message: 'The carrier gave no answer; it may or may not have stored what was sent.',
    hint: 'Send the same bytes under the same id again.',
    retryable: true,
  },
  'transport/busy': {
    message: 'Too many calls to this carrier are still unanswered.',
    hint: 'Wait for some of them to end.',
    retryable: true,
  },
  'transport/all-failed': {
    message: 'None of the carriers did what was asked.',
    hint: 'The cause lists what each of them said.',
    retryable: true,
  },
  'transport/unsupported': {
    message: 'None of the carriers offers this.',
    hint: 'Add a carrier that has the capability.',
  },
  'transport/bad-message': {
    message: 'A peer said something malformed over a link.',
    hint: 'It is not heard; a peer that goes on is of another version, or hostile.',
  },
  'transport/no-peer': {
    message: 'Nobody that this node is linked with reads this mailbox.',
    hint: 'It is sent when its reader comes; add a carrier with a mailbox for those who are away.',
    retryable: true,
  },
  'transport/no-route': {
    message: 'No carrier meets what was asked of it now.',
    hint: 'Ask for less bandwidth or privacy, or wait until a better carrier is there.',
    retryable: true,
  },
  'transport/closed': {
    message: 'The carrier is closed.',
    hint: 'Start it again before using it.',
  },
} as const

export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS

export class TransportError extends HyphaeError<TransportErrorCode> {
  constructor(code: TransportErrorCode, context?: ErrorContext) {
    super(TRANSPORT_ERRORS, code, context)
  }
}
