/** Errors of the command itself; those of the layers below are shown with `HINTS` where a shell user needs other advice. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const CLI_ERRORS = {
  'cli/no-home': {
    message: 'There is no Hyphae home here.',
    hint: 'Create one with `hyphae init --relay URL`, or name another with --home.',
  },
  'cli/home-exists': {
    message: 'This home has an account already.',
    hint: 'See `hyphae whoami`, or choose another place with --home.',
  },
  'cli/bad-config': {
    message: 'config.json of this home is not what `hyphae init` writes.',
    hint: 'Repair the named field or restore the file; keys and messages are untouched.',
  },
  'cli/newer-config': {
    message: 'This home was made by a newer version.',
    hint: 'Update @hyphae/cli.',
  },
  'cli/other-account': {
    message: 'config.json names another account than the store holds.',
    hint: 'Restore the config.json that belongs to this home.',
  },
  'cli/no-key-file': {
    message: 'The key file of this home is missing.',
    hint: 'Restore it from a backup: nothing else opens the store.',
  },
  'cli/bad-key-file': {
    message: 'The key file of this home does not hold a 32-byte key.',
    hint: 'Restore it from a backup: nothing else opens the store.',
  },
  'cli/no-passphrase': {
    message: 'This needs a passphrase, and there is no terminal to ask at.',
    hint: 'Set HYPHAE_PASSPHRASE, or run the command in a terminal.',
  },
  'cli/bad-passphrase': {
    message: 'The passphrase cannot be used.',
    hint: 'It must not be empty and, typed twice, the same; at most 1,024 characters.',
  },
  'cli/bad-text': {
    message: 'The input is not UTF-8 text.',
    hint: 'Send it as a file: --file PATH.',
  },
  'cli/text-too-long': {
    message: 'The text is too long for a message.',
    hint: 'Send it as a file: --file PATH.',
  },
  'cli/not-a-file': {
    message: 'There is no regular file at this path.',
    hint: 'Check the path; folders have to be packed first.',
  },
  'cli/not-stored': {
    message: 'No relay confirmed this in time.',
    hint: 'It stays queued: the next command that reaches the relay sends it.',
    retryable: true,
  },
  'cli/not-confirmed': {
    message: 'The recipient did not confirm in time.',
    hint: 'The relay keeps the message until it is fetched; there is nothing to repeat.',
  },
  'cli/cannot-save': {
    message: 'A received file could not be written.',
    hint: 'Make room or choose another folder, and listen again: the message is offered again.',
    retryable: true,
  },
  'cli/unknown-group': {
    message: 'No group has an id that begins like this.',
    hint: 'See `hyphae group list`.',
  },
  'cli/ambiguous-group': {
    message: 'Several groups have ids that begin like this.',
    hint: 'Give more digits; see `hyphae group list`.',
  },
  'cli/admin-cannot-leave': {
    message: 'You are the last admin of this group; nobody could change it after you.',
    hint: 'Make somebody else one first: `hyphae group promote ID ACCOUNT`.',
  },
  'cli/interrupted': {
    message: 'Interrupted.',
    hint: 'What was queued stays queued.',
  },
  'cli/io': {
    message: 'A file or folder cannot be used.',
    hint: 'Check that it exists, that you may use it, and that the disk has room.',
  },
} as const

export class CliError extends HyphaeError<keyof typeof CLI_ERRORS> {
  constructor(code: keyof typeof CLI_ERRORS, context?: ErrorContext) {
    super(CLI_ERRORS, code, context)
  }
}

/** The command line itself is wrong: exit code 2. Says in one sentence what. */
export class UsageError extends Error {}

/** What a shell user can do about errors whose own hints speak to programmers. */
export const HINTS: Readonly<Record<string, string>> = {
  'store/locked':
    'Another hyphae command uses this home: stop it first (Ctrl-C in its terminal), or choose another home with --home.',
  'store/wrong-key':
    'Check the passphrase in HYPHAE_PASSPHRASE, or the key file; nothing was read or changed.',
  'store/wrong-mode': 'Its key file or passphrase belongs to another home; restore the right one.',
  'messenger/unknown-handle': 'Send to the account id (hyphae1…): no handle service is set up here.',
  'messenger/unknown-account':
    'The account must have been online once on a relay that you share. Check the id and the relays of both.',
  'messenger/identity-changed': 'Send to the account id after you compared it with the person.',
  'messenger/own-account': 'Name the account you write to; `hyphae whoami` shows your own.',
  'messenger/too-long': 'Shorten it; long texts go as files: --file PATH.',
  'messenger/not-member': 'See `hyphae group members ID`.',
  'messenger/group-full': 'Remove members, or create another group.',
  'messenger/file-too-large': 'Split it; a file has at most 100 MiB.',
  'relay-carrier/bad-url': 'Write it as ws://host:port or wss://host.',
  'relay-carrier/unreachable': 'Check the network and that the relay runs at this URL, then try again.',
  'relay/data-locked': 'Stop the other relay, or give this one another folder with --data.',
  'relay/cannot-listen':
    'The port may be in use: choose another with --port, or another address with --host.',
  'relay/data-unusable':
    'Check that it is writable and that the disk has room, or choose another with --data.',
}
