/** Every way the Signal wire refuses. Details are sizes, counters, ids and versions, never a key or a plaintext. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const SIGNAL_ERRORS = {
  'ratchet/signal-bad-message': {
    message: 'The Signal message is malformed.',
    hint: 'Drop it; an honest sender never made it.',
  },
  'ratchet/signal-unsupported-version': {
    message: 'The Signal message has a version that is not supported.',
    hint: 'Only version 4 with the post-quantum ratchet is spoken; update whichever side is older.',
  },
  'ratchet/signal-bad-key': {
    message: 'A public key is not one that an honest party would make.',
    hint: 'Refuse whoever offered it.',
  },
  'ratchet/signal-bad-bundle': {
    message: 'The prekey bundle is malformed.',
    hint: 'Fetch another one; do not retry with the same values.',
  },
  'ratchet/signal-bad-signature': {
    message: 'A signature in the prekey bundle does not verify.',
    hint: 'Refuse the bundle and whoever offered it.',
  },
  'ratchet/signal-wrong-identity': {
    message: 'The identity key is not the one that was expected.',
    hint: 'Show the change to whoever owns the session before going on; it may be an attack.',
  },
  'ratchet/signal-bad-mac': {
    message: 'The message is not authentic in this session.',
    hint: 'Drop it. The session is unchanged.',
  },
  'ratchet/signal-duplicate': {
    message: 'The message was decrypted before, or its key is no longer kept.',
    hint: 'Drop it.',
  },
  'ratchet/signal-too-far-ahead': {
    message: 'The message is further ahead than a session allows.',
    hint: 'Drop it; if it was honest, set up a new session.',
  },
  'ratchet/signal-unknown-prekey': {
    message: 'The first message names a prekey that is not here.',
    hint: 'Drop it: it is a replay, or its sender must begin again with a fresh bundle.',
  },
  'ratchet/signal-other-session': {
    message: 'The first message belongs to another session.',
    hint: 'Accept it as a new session, if it is not a replay.',
  },
  'ratchet/signal-no-post-quantum': {
    message: 'The message has no post-quantum part.',
    hint: 'Drop it: it was stripped, or its sender is too old.',
  },
  'ratchet/signal-bad-post-quantum': {
    message: 'The post-quantum part of the message is malformed or does not fit the session.',
    hint: 'Drop it. The session is unchanged.',
  },
  'ratchet/signal-chain-exhausted': {
    message: 'A chain has no numbers left.',
    hint: 'Set up a new session.',
  },
  'ratchet/signal-bad-snapshot': {
    message: 'The stored Signal session is malformed.',
    hint: 'Restore it from the store that wrote it; a damaged session has to be set up anew.',
  },
  'ratchet/signal-bad-argument': {
    message: 'An argument is out of range.',
    hint: 'The range is in the details.',
  },
} as const

export type SignalErrorCode = keyof typeof SIGNAL_ERRORS

export class SignalError extends HyphaeError<SignalErrorCode> {
  constructor(code: SignalErrorCode, context?: ErrorContext) {
    super(SIGNAL_ERRORS, code, context)
  }
}
