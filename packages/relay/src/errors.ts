/** Errors of the relay, thrown to its operator. What clients are told is in spec/relay.md section 2.3. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const RELAY_ERRORS = {
  'relay/data-locked': {
    message: 'Another process uses this data folder.',
    hint: 'Stop the other relay, or give this one another folder.',
  },
  'relay/data-corrupt': {
    message: 'The data folder holds something this relay cannot read.',
    hint: 'Restore a backup, or start with an empty folder.',
  },
  'relay/data-unusable': {
    message: 'The data folder cannot be opened.',
    hint: 'Check that it exists, is writable, and that the disk has room.',
  },
  'relay/cannot-listen': {
    message: 'The relay cannot listen at this address.',
    hint: 'Choose another port or host; the port may be in use.',
  },
  'relay/bad-tls': {
    message: 'The certificate and the key cannot be used.',
    hint: 'Give the certificate chain and its own private key, both PEM.',
  },
  'relay/bad-setting': {
    message: 'A setting cannot be used.',
    hint: 'Correct it where it stands: the file, the environment or the arguments.',
  },
  'relay/closed': {
    message: 'The relay is closed.',
    hint: 'Start a new one.',
  },
} as const

export class RelayError extends HyphaeError<keyof typeof RELAY_ERRORS> {
  constructor(code: keyof typeof RELAY_ERRORS, context?: ErrorContext) {
    super(RELAY_ERRORS, code, context)
  }
}
