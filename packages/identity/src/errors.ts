/** Errors of this package. Details carry sizes, limits and field names; never a key, a handle or an address. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const IDENTITY_ERRORS = {
  'identity/bad-account-id': {
    message: 'The text is not an account id.',
    hint: 'It starts with hyphae1, is 65 lower-case characters long and was copied whole.',
  },
  'identity/bad-seed': {
    message: 'The seed or key snapshot has the wrong shape.',
    hint: 'Pass the bytes as they were exported.',
  },
  'identity/bad-key': {
    message: 'A public key is not a canonical, usable key.',
    hint: 'Drop the statement: no honest program makes such a key.',
  },
  'identity/duplicate-key': {
    message: 'One key is used for two purposes or by two devices.',
    hint: 'Every key has one use: make a key for each.',
  },
  'identity/bad-signature': {
    message: 'The account did not sign this.',
    hint: 'Drop it: it was damaged or forged.',
  },
  'identity/wrong-account': {
    message: 'The statement belongs to another account.',
    hint: 'Ask for the record of the account that is meant.',
  },
  'identity/bad-certificate': {
    message: 'The device certificate breaks a rule.',
    hint: 'See spec/identity.md.',
  },
  'identity/bad-record': {
    message: 'The identity record breaks a rule.',
    hint: 'See spec/identity.md.',
  },
  'identity/too-large': {
    message: 'There is more than fits.',
    hint: 'Remove devices, relays, handles or bindings that are no longer used.',
  },
  'identity/bad-handle': {
    message: 'The text is not a handle.',
    hint: 'Write user@domain in one script a part, without invisible characters or letters that imitate another script.',
  },
  'identity/bad-handle-id': {
    message: 'The bytes are not a handle id.',
    hint: 'Pass the 32 bytes as handleId made them.',
  },
  'identity/handle-not-claimed': {
    message: 'The record does not claim the handle it was found under.',
    hint: 'Do not trust the resolver that proposed it.',
  },
  'identity/bad-pin': {
    message: 'The stored pin is damaged.',
    hint: 'Restore it from a backup; a pin is never made up.',
  },
  'identity/pin-mismatch': {
    message: 'The record is not the one that was checked.',
    hint: 'Check it again and show the result before using it.',
  },
  'identity/pin-blocked': {
    message: 'The key of this contact changed and the change is not approved.',
    hint: 'Compare the safety number with the contact, then approve the new key or keep the old one.',
  },
} as const

export class IdentityError extends HyphaeError<keyof typeof IDENTITY_ERRORS> {
  constructor(code: keyof typeof IDENTITY_ERRORS, context?: ErrorContext) {
    super(IDENTITY_ERRORS, code, context)
  }
}
