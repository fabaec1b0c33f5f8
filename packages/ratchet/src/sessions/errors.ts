/** Every way the session manager refuses. Details are counts, times and names of places, never a key or a plaintext. */
import { type ErrorContext, HyphaeError, isHyphaeError } from '@hyphae/core'

export const SESSIONS_ERRORS = {
  'ratchet/conflict': {
    message: 'Another process has written to the sessions of this store.',
    hint: 'Nothing was written and no key was used. Let one process write, or reload and try again.',
    retryable: true,
  },
  'ratchet/rolled-back': {
    message: 'The store is older than what has left this device.',
    hint: 'Call recover: old sessions only receive from then on, and prekeys are made anew.',
  },
  'ratchet/witness-failed': {
    message: 'The witness of the store did not answer.',
    hint: 'What was committed stays committed, and is witnessed before anything else is done. Try again.',
    retryable: true,
  },
  'ratchet/identity-changed': {
    message: 'The device has other identity keys than those it is known by.',
    hint: 'Show it to whoever talks to that device, and approve it only when they agree.',
  },
  'ratchet/no-session': {
    message: 'There is no session with that device that may send.',
    hint: 'Fetch a bundle of the device and begin one.',
  },
  'ratchet/too-soon': {
    message: 'A session with that device was begun a short while ago.',
    hint: 'Send in the session there is, and begin the next one later.',
    retryable: true,
  },
  'ratchet/too-many-handshakes': {
    message: 'The device has begun too many sessions in a short time.',
    hint: 'Drop the handshake; its sender will begin again if it must.',
    retryable: true,
  },
  'ratchet/one-time-required': {
    message: 'A session without a one-time prekey is not allowed here.',
    hint: 'Fetch another bundle, or allow it if weaker forward secrecy of the first messages is acceptable.',
  },
  'ratchet/replayed': {
    message: 'The handshake was accepted before.',
    hint: 'Drop it.',
  },
} as const

export type SessionsErrorCode = keyof typeof SESSIONS_ERRORS

export class SessionsError extends HyphaeError<SessionsErrorCode> {
  constructor(code: SessionsErrorCode, context?: ErrorContext) {
    super(SESSIONS_ERRORS, code, context)
  }
}

const FAULTS = ['ratchet/conflict', 'ratchet/rolled-back', 'ratchet/witness-failed', 'ratchet/bad-snapshot']

/**
 * True when the state of this device is to blame and not what was received: do not acknowledge the input then,
 * it will open later.
 */
export function isSessionsFault(error: unknown): boolean {
  return FAULTS.some((code) => isHyphaeError(error, code))
}
