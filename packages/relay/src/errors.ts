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
  'relay/no-data': {
    message: 'There is no relay in this data folder.',
    hint: 'Name the folder with --data.',
  },
  'relay/data-not-empty': {
    message: 'The data folder is not empty.',
    hint: 'Restore into a new folder, and start the relay on that.',
  },
  'relay/bad-backup': {
    message: 'The backup cannot be used: it is cut, damaged or of another version.',
    hint: 'Take another backup; nothing was restored from this one.',
  },
  'relay/backup-exists': {
    message: 'There is a file where the backup should go.',
    hint: 'Choose another name; a backup never replaces a file.',
  },
  'relay/backup-io': {
    message: 'The backup could not be read or written.',
    hint: 'Check the path, its permissions and the room on the disk.',
  },
  'relay/no-upkeep': {
    message: 'This engine keeps its data elsewhere.',
    hint: 'Back it up, and compact it, with the tools of that system.',
  },
  'relay/drain-late': {
    message: 'The relay did not close within its deadline.',
    hint: 'What it acknowledged is on disk; start it again.',
  },
  'relay/store-unreachable': {
    message: 'The system that keeps what this relay stores does not answer, or refuses.',
    hint: 'Check that it runs, its address and the credentials; the relay goes on by itself when it answers again.',
  },
  'relay/interrupted': {
    message: 'Stopped before it was done.',
    hint: 'Nothing half-done was left behind; ask again.',
  },
  'relay/not-running': {
    message: 'No relay that takes payment runs on this data folder.',
    hint: 'Start it with a price, or name its folder with --data.',
  },
  'relay/bad-row': {
    message: 'What a service keeps has a key or a size that no row may have.',
    hint: 'A key has at most 512 characters, a row 512 KiB, a transaction 256 KiB.',
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

/** What the system calls an error, `ENOSPC` for instance; never its text, which may quote what was read. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'unknown'
}
