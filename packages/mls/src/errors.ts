/** Every error this package throws. Details hold sizes, limits, epochs and leaf indices; never a key or plaintext. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const MLS_ERRORS = {
  'mls/malformed': {
    message: 'The bytes are not one canonical MLS message.',
    hint: 'Drop them; whoever sent them is broken or hostile.',
  },
  'mls/too-large': {
    message: 'The input is larger than the limit.',
    hint: 'Compare its size with the limit in the details.',
  },
  'mls/unexpected-message': {
    message: 'The message is of a kind that does not belong here.',
    hint: 'Pass PrivateMessages to processMessage, Welcomes to joinGroup and KeyPackages to addMembers.',
  },
  'mls/external-commit': {
    message: 'The commit comes from outside the group.',
    hint: 'No rule of this group lets anybody in from outside; invite the device instead.',
  },
  'mls/wrong-group': {
    message: 'The message belongs to another group.',
    hint: 'Look up the group by the id in the message.',
  },
  'mls/wrong-epoch': {
    message: 'The message belongs to an epoch that cannot be read from here.',
    hint: 'Keep it when its epoch is ahead of the current one; drop it when it is behind.',
  },
  'mls/own-message': {
    message: 'The message was sent by this member.',
    hint: 'It needs no processing: its effect was applied when it was made.',
  },
  'mls/replayed': {
    message: 'The message was read before, or is too old among the messages of its sender.',
    hint: 'Drop it.',
  },
  'mls/too-far-ahead': {
    message: 'Too many messages of this sender are missing before this one.',
    hint: 'Keep it until the missing ones, or the next commit, have been read.',
  },
  'mls/not-a-member': {
    message: 'The sender or the named leaf is not a member of the group.',
    hint: 'Drop the message, or name a leaf that members() lists.',
  },
  'mls/undecryptable': {
    message: 'The message does not decrypt or its signature is wrong.',
    hint: 'Drop it; it was damaged or forged on its way.',
  },
  'mls/bad-commit': {
    message: 'The commit breaks a rule of the group, so the epoch did not change.',
    hint: 'Its committer is broken or hostile; remove that member.',
  },
  'mls/missing-proposal': {
    message: 'The commit takes up a proposal that has not been read.',
    hint: 'Keep the commit until the proposal has arrived.',
  },
  'mls/bad-proposal': {
    message: 'The proposal breaks a rule of the group and was not kept.',
    hint: 'Drop it.',
  },
  'mls/unsupported-proposal': {
    message: 'The proposal is of a kind that this group refuses.',
    hint: 'Members may be added, removed and updated, and roles changed where there are some; nothing else.',
  },
  'mls/unsupported-suite': {
    message: 'The cipher suite of the group is not at hand.',
    hint: 'Put it into the suites of the context; those beyond 1 and 3 are in @hyphae/mls/suites.',
  },
  'mls/not-permitted': {
    message: 'The role of the committer does not permit this change.',
    hint: 'Compare the reason in the details with the roles of the group.',
  },
  'mls/bad-credential': {
    message: 'The credential of a member was refused.',
    hint: 'It is not one that its signature key may carry.',
  },
  'mls/bad-key-package': {
    message: 'The KeyPackage is not valid for this group.',
    hint: 'Fetch another one from the device.',
  },
  'mls/key-package-used': {
    message: 'The Welcome was made with a KeyPackage that has been used before.',
    hint: 'Ask to be invited again; whoever invited took a KeyPackage that was spent.',
  },
  'mls/unknown-key-package': {
    message: 'The Welcome is for none of the KeyPackages at hand.',
    hint: 'It is for another device, or for a KeyPackage that has expired and been dropped.',
  },
  'mls/expired': {
    message: 'The KeyPackage is outside its lifetime.',
    hint: 'Fetch a fresh one, and check the clock of this machine.',
  },
  'mls/duplicate-member': {
    message: 'A key or credential is in the group already.',
    hint: 'A device joins a group once; remove its old leaf first.',
  },
  'mls/bad-welcome': {
    message: 'The Welcome does not open with this KeyPackage, or describes a group that is not valid.',
    hint: 'Nothing was joined; ask to be invited again with a fresh KeyPackage.',
  },
  'mls/missing-chunk': {
    message: 'A chunk of the tree is missing, cut short or changed.',
    hint: 'Fetch the chunk that the details count from somewhere else, and join again.',
  },
  'mls/bad-snapshot': {
    message: 'The snapshot is not one that this version wrote.',
    hint: 'Restore the store from which it came.',
  },
  'mls/removed': {
    message: 'This member has been removed from the group.',
    hint: 'Nothing can be sent or read any more; a new invitation makes a new state.',
  },
  'mls/group-full': {
    message: 'The group has as many members as it may have.',
    hint: 'Compare the count with the limit in the details.',
  },
  'mls/bad-argument': {
    message: 'An argument is outside what the function takes.',
    hint: 'Compare it with the details.',
  },
  'mls/foreign-state': {
    message: 'The value is not a group state made by this package, or it has been forgotten.',
    hint: 'Pass the latest state as it was returned; install one copy of the package.',
  },
} as const

export type MlsErrorCode = keyof typeof MLS_ERRORS

export class MlsError extends HyphaeError<MlsErrorCode> {
  constructor(code: MlsErrorCode, context?: ErrorContext) {
    super(MLS_ERRORS, code, context)
  }
}

/** What primitives say of bytes that came from outside: the stage that used them knows better what it means. */
const BAD_INPUT: readonly string[] = [
  'crypto/bad-length',
  'crypto/bad-public-key',
  'crypto/low-order-key',
  'mls/undecryptable',
]

function explains(error: unknown): error is HyphaeError {
  return error instanceof HyphaeError && !BAD_INPUT.includes(error.code)
}

/** Runs a stage; what ts-mls throws at bad input becomes `code`, an error that says more passes through. */
export async function stage<T>(code: MlsErrorCode, run: () => Promise<T> | T): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw explains(cause) ? cause : new MlsError(code, { cause })
  }
}
