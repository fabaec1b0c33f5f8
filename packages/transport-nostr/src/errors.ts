/** Errors of the Nostr layer. A malformed payload and a forged one have one code each, whatever was wrong inside. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const NOSTR_ERRORS = {
  'nostr/bad-event': {
    message: 'The value is not a Nostr event.',
    hint: 'Its fields must be as NIP-01 says, within the limits; the relay or its author is broken.',
  },
  'nostr/forged-event': {
    message: 'The id or the signature of an event is not that of its content.',
    hint: 'Drop it; a relay or somebody between has altered it.',
  },
  'nostr/bad-key': {
    message: 'The key is not one of secp256k1.',
    hint: 'Secret keys are 32 bytes between 1 and the order less 1; public keys the x coordinate of a point.',
  },
  'nostr/foreign-key': {
    message: 'The value is not a key of this package.',
    hint: 'Make keys with importNostrKey or generateNostrKey.',
  },
  'nostr/bad-text': {
    message: 'The text is not a valid NIP-19 name of that kind.',
    hint: 'Pass npub1…, nsec1…, note1…, nprofile1… or nevent1… as it was given.',
  },
  'nostr/bad-payload': {
    message: 'The NIP-44 payload cannot be read.',
    hint: 'It is malformed, of another version, altered, or for another key.',
  },
  'nostr/no-message-relays': {
    message: 'The person has no list of relays for private messages.',
    hint: 'Do not send: nobody would look for it. Ask at other relays, or wait until the person lists some.',
  },
  'nostr/bad-length': {
    message: 'The text is empty or too long to be encrypted.',
    hint: 'Send it in parts, or as a file.',
  },
  'nostr/bad-wrap': {
    message: 'The gift wrap does not hold a private message.',
    hint: 'Drop it: something inside is malformed or does not belong to its author.',
  },
  'nostr/bad-url': {
    message: 'The relay URL cannot be used.',
    hint: 'Pass ws://host:port or wss://host, without credentials; at least one and at most 32.',
  },
  'nostr/no-websocket': {
    message: 'This runtime has no WebSocket.',
    hint: 'Pass one as options.WebSocket, or import the package under the node condition.',
  },
  'nostr/unreachable': {
    message: 'No relay has taken the event.',
    hint: 'Check the network and the URLs, and publish again: relays keep one copy.',
    retryable: true,
  },
  'nostr/refused': {
    message: 'Every relay refuses the event.',
    hint: 'It asks for payment, membership, proof of work or another key; use other relays.',
  },
  'nostr/bad-frame': {
    message: 'An argument has a size this carrier does not take.',
    hint: 'Frames are 128, 512, 2048 or 4096 bytes, ids 16, boxes 32.',
  },
  'nostr/bad-record': {
    message: 'The directory record or stock upload is malformed or not signed by its writer.',
    hint: 'Sign it with signDirectoryRecord or signStockUpload; sizes are in spec/directory.md.',
  },
  'nostr/stale': {
    message: 'The relays have a newer one.',
    hint: 'Use a sequence above `stored`.',
  },
  'nostr/full': {
    message: 'The stock holds too many items.',
    hint: 'Wait until some are taken, or upload with `replace`.',
  },
  'nostr/not-stored': {
    message: 'No relay gives the record back.',
    hint: 'Publish again, or use other relays.',
    retryable: true,
  },
  'nostr/closed': {
    message: 'The carrier is closed.',
    hint: 'Create a new one.',
  },
} as const

export class NostrError extends HyphaeError<keyof typeof NOSTR_ERRORS> {
  constructor(code: keyof typeof NOSTR_ERRORS, context?: ErrorContext) {
    super(NOSTR_ERRORS, code, context)
  }
}
