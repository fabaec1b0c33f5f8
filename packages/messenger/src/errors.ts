/** Errors of the node. What came wrong from another layer keeps that layer's code as `cause`. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const MESSENGER_ERRORS = {
  'messenger/closed': { message: 'The messenger is closed.', hint: 'Create a new one on the same store.' },
  'messenger/bad-argument': {
    message: 'An argument is not what this call takes.',
    hint: 'A transport is what relay(url) gives, or a network when it is called; a store is awaited; data is a Uint8Array or a Blob.',
  },
  'messenger/no-transport': {
    message: 'No carrier offers what this call needs.',
    hint: 'Pass at least one transport with a mailbox, a directory and blobs.',
  },
  'messenger/unknown-account': {
    message: 'No carrier knows an identity record for this account.',
    hint: 'The account must have been online once on a carrier that you share. Check the id.',
    retryable: true,
  },
  'messenger/unknown-handle': {
    message: 'No resolver knows this handle.',
    hint: 'Check the spelling, or pass a resolver that serves its domain.',
    retryable: true,
  },
  'messenger/identity-changed': {
    message: 'The handle now names another account than the one that was pinned.',
    hint: 'Compare safety numbers with the person, then call approveIdentity.',
  },
  'messenger/no-prekeys': {
    message: 'A device of this account has no prekey bundle or KeyPackage in the directory.',
    hint: 'The device must come online and publish; try again later.',
    retryable: true,
  },
  'messenger/no-key-package': {
    message: 'A device has not given this strict node a KeyPackage yet.',
    hint: 'It was asked for one; try again when it has answered.',
    retryable: true,
  },
  'messenger/own-account': {
    message: 'A conversation needs another account.',
    hint: 'Pass the id of the person you write to, not your own.',
  },
  'messenger/account-mismatch': {
    message: 'The store belongs to another account.',
    hint: 'Open the store that was made with this account, or use an empty one.',
  },
  'messenger/too-long': {
    message: 'The content is too long for a message.',
    hint: 'Send it as a file.',
  },
  'messenger/file-too-large': {
    message: 'The file is larger than the limit.',
    hint: 'Split it; the limit is MAX_FILE_BYTES.',
  },
  'messenger/file-changed': {
    message: 'The file changed while it was being sent.',
    hint: 'Send it again when nothing writes to it.',
  },
  'messenger/file-unavailable': {
    message: 'No carrier has all parts of this file.',
    hint: 'The sender may still be uploading, or the parts expired: try again or ask for it again.',
    retryable: true,
  },
  'messenger/not-a-file': {
    message: 'The message does not describe a file.',
    hint: 'Look at message.file first.',
  },
  'messenger/no-fast-carrier': {
    message: 'No carrier is as fast as this file asks for now.',
    hint: 'Try again when one is, or pass minBandwidthBps: 0.',
    retryable: true,
  },
  'messenger/file-corrupt': {
    message: 'A part of the file is not what its sender sealed.',
    hint: 'Ask the sender to send it again; nothing wrong was released.',
  },
  'messenger/unknown-group': {
    message: 'This node has no such group.',
    hint: 'List groups() for what it has.',
  },
  'messenger/not-admin': {
    message: 'Only an admin may change the group.',
    hint: 'Ask one of admins().',
  },
  'messenger/not-private': {
    message: 'A carrier does not hide enough for strict privacy.',
    hint: 'Reach relays through others (`via: throughRelay(...)`), leave the carrier out, or choose another mode.',
  },
  'messenger/admin-stays': {
    message: 'The last admin of a group stays in it.',
    hint: 'Make another member an admin first, with setRole().',
  },
  'messenger/too-many-admins': {
    message: 'The group has as many admins as it may have.',
    hint: 'The limit is in the details; make one of them a member first, with setRole().',
  },
  'messenger/change-refused': {
    message: 'The group does not take this change.',
    hint: 'The code of the reason is in the details.',
  },
  'messenger/not-member': {
    message: 'The account is not a member of this group.',
    hint: 'List members() for who is.',
  },
  'messenger/left-group': {
    message: 'This node is no longer a member of the group.',
    hint: 'Ask to be added again; the history stays readable.',
  },
  'messenger/group-full': {
    message: 'The group would exceed its member limit.',
    hint: 'The limit is MAX_GROUP_MEMBERS.',
  },
  'messenger/already-reading': {
    message: 'messages() is already being read.',
    hint: 'Read in one place, or use history() for a second view.',
  },
  'messenger/unknown-message': {
    message: 'This node did not send a message with this id.',
    hint: 'Pass the id that send() returned.',
  },
  'messenger/bad-body': {
    message: 'The decrypted body is not one this version understands.',
    hint: 'The sender may run a newer version.',
  },
  'messenger/bad-row': {
    message: 'A row of the store is not what this version writes.',
    hint: 'The store is damaged or was written by a newer version; restore a backup.',
  },
} as const

export class MessengerError extends HyphaeError<keyof typeof MESSENGER_ERRORS> {
  constructor(code: keyof typeof MESSENGER_ERRORS, context?: ErrorContext) {
    super(MESSENGER_ERRORS, code, context)
  }
}
