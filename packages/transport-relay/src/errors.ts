/** Errors of the relay carrier: of the codec, of the client, and those a relay answers with. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const RELAY_CARRIER_ERRORS = {
  'relay-carrier/malformed': {
    message: 'A relay message does not follow the protocol.',
    hint: 'The peer is broken, of another version, or not a relay.',
  },
  'relay-carrier/bad-url': {
    message: 'The relay URL cannot be used.',
    hint: 'Pass ws://host:port or wss://host.',
  },
  'relay-carrier/no-websocket': {
    message: 'This runtime has no WebSocket.',
    hint: 'Pass one as options.WebSocket, or import the package under the node condition.',
  },
  'relay-carrier/bad-input': {
    message: 'An argument has a size the relay protocol does not allow.',
    hint: 'Frames are 128, 512, 2048 or 4096 bytes, ids 16, keys and hashes 32, blobs at most 4096.',
  },
  'relay-carrier/unreachable': {
    message: 'The relay cannot be reached.',
    hint: 'Check the network and that the relay runs at this URL; watches keep trying, repeat this call later.',
    retryable: true,
  },
  'relay-carrier/timeout': {
    message: 'The relay did not answer in time.',
    hint: 'Repeat the call; the relay may be overloaded.',
    retryable: true,
  },
  'relay-carrier/interrupted': {
    message: 'The connection ended before the relay answered a call that must not be repeated blindly.',
    hint: 'Call again: the item of the interrupted call may be spent.',
    retryable: true,
  },
  'relay-carrier/closed': {
    message: 'The carrier is closed.',
    hint: 'Create a new one.',
  },
  'relay-carrier/bad-proof': {
    message: 'The relay refused the proof for a box.',
    hint: 'Check that the box key signs for its own id and that the URL names the relay by a name it knows.',
  },
  'relay-carrier/box-full': {
    message: 'The box holds as many frames as the relay keeps for one box.',
    hint: 'Repeat when the recipient has fetched, or use another carrier.',
    retryable: true,
  },
  'relay-carrier/rate-limited': {
    message: 'The relay limits how often this may be asked.',
    hint: 'Wait for retryAfterMs and repeat.',
    retryable: true,
  },
  'relay-carrier/storage-failed': {
    message: 'The relay could not store this: its disk is full or fails.',
    hint: 'Repeat later or use another relay; the operator has to make room.',
    retryable: true,
  },
  'relay-carrier/stale': {
    message: 'The relay already has this sequence number or a later one.',
    hint: 'Look up what is there and use a higher sequence.',
  },
  'relay-carrier/address-full': {
    message: 'Other writers hold all places at this directory address.',
    hint: 'Use another relay.',
  },
  'relay-carrier/bad-signature': {
    message: 'The relay could not verify the signature of a record or upload.',
    hint: 'Sign it with the key named as its writer.',
  },
  'relay-carrier/bad-hash': {
    message: 'The hash of a blob is not the SHA-256 of its data.',
    hint: 'Hash the bytes that are stored.',
  },
  'relay-carrier/limit': {
    message: 'Too many boxes or watches on one connection.',
    hint: 'Stop watching some, or use several carriers.',
  },
  'relay-carrier/stock-full': {
    message: 'The stock holds as many items as the relay keeps.',
    hint: 'Upload fewer, or replace.',
  },
  'relay-carrier/unsupported': {
    message: 'The relay does not know this operation.',
    hint: 'It runs an older version.',
  },
  'relay-carrier/ticket-needed': {
    message: 'The box, or the relay, wants a ticket of another kind for this.',
    hint: 'Read the terms of the box and what the relay accepts, and put with a ticket of a kind that both name.',
  },
  'relay-carrier/bad-ticket': {
    message: 'The relay refused the ticket: it does not verify, has expired, or is spent.',
    hint: 'Get a new one from the owner of the box or the relay; make a work ticket for this very frame and day.',
  },
  'relay-carrier/bucket-too-small': {
    message: 'The relay does not let so small a bucket be read: too few boxes would hide the reader.',
    hint: 'Ask for fewer bits; describe() says how many.',
  },
  'relay-carrier/bad-payment': {
    message: 'The relay does not take this payment.',
    hint: 'Ask for the balance of the channel and go on from there, or open a new one.',
  },
  'relay-carrier/no-credit': {
    message: 'The channel does not hold what this costs.',
    hint: 'Pay with a higher voucher, or fund the account.',
  },
  'relay-carrier/not-a-peer': {
    message: 'The entry relay does not pass requests on to this relay.',
    hint: 'Use an entry that lists it; its operator decides.',
  },
  'relay-carrier/hop-refused': {
    message: 'The second relay could not open a sealed request, or its answer does not open.',
    hint: 'Get its current key over a path you trust; the entry may have changed the bytes.',
  },
  'relay-carrier/hop-replayed': {
    message: 'The second relay has seen this sealed request before, or its time is off.',
    hint: 'Set the clock; the carrier seals anew and repeats by itself.',
    retryable: true,
  },
  'relay-carrier/answer-too-large': {
    message: 'The answer does not fit the size that a sealed answer has.',
    hint: 'Ask for less at once.',
  },
  'relay-carrier/bad-push': {
    message: 'The push registration cannot be used.',
    hint: 'Subscribe again and register the new subscription, sealed to the current key of the gateway.',
  },
  'relay-carrier/bad-terms': {
    message: 'The relay does not take these terms for a box.',
    hint: 'Name kinds of tickets that it accepts, and a capability key when capabilities are among them.',
  },
  'relay-carrier/bad-cursor': {
    message: 'The relay does not know the place to go on from in a bucket of records.',
    hint: 'Begin the bucket anew: places do not outlive the relay process that gave them.',
    retryable: true,
  },
  'relay-carrier/internal': {
    message: 'The relay failed on this request.',
    hint: 'Repeat later; the defect is in the relay.',
    retryable: true,
  },
} as const

export class RelayCarrierError extends HyphaeError<keyof typeof RELAY_CARRIER_ERRORS> {
  constructor(code: keyof typeof RELAY_CARRIER_ERRORS, context?: ErrorContext) {
    super(RELAY_CARRIER_ERRORS, code, context)
  }
}
