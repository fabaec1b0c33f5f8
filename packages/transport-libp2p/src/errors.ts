/** Errors of the libp2p carrier. What is wrong with a peer's bytes is one code, whatever it was: `libp2p/broken`. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const LIBP2P_ERRORS = {
  'libp2p/bad-address': {
    message: 'The address cannot be used.',
    hint: 'Pass multiaddrs as /ip4/127.0.0.1/tcp/7000; to dial somebody they end in /p2p/ and a peer id.',
  },
  'libp2p/bad-option': {
    message: 'An option of the carrier cannot be used.',
    hint: 'The details name it.',
  },
  'libp2p/cannot-start': {
    message: 'The node could not be started.',
    hint: 'The cause says why; often an address to listen at is taken.',
  },
  'libp2p/bad-frame': {
    message: 'The frame has a size that does not travel.',
    hint: 'Frames are 128, 512, 2048 or 4096 bytes.',
  },
  'libp2p/bad-peer': {
    message: 'The peer is not named by a device id.',
    hint: 'Pass the 64 hexadecimal digits of its Ed25519 key.',
  },
  'libp2p/unreachable': {
    message: 'The peer cannot be found or reached now.',
    hint: 'It may be away; use a mailbox, or try later.',
    retryable: true,
  },
  'libp2p/wrong-peer': {
    message: 'Somebody else answers at the address of the peer.',
    hint: 'Check where the address came from.',
  },
  'libp2p/broken': {
    message: 'The stream with the peer has ended, or its bytes do not follow the protocol.',
    hint: 'The next frame opens another one.',
    retryable: true,
  },
  'libp2p/bad-record': {
    message: 'The directory record or stock upload is malformed or not signed by its writer.',
    hint: 'Keep within the limits in the details and sign with the key named as writer.',
  },
  'libp2p/stale': {
    message: 'Something newer is already stored under this writer.',
    hint: 'Read what is there and publish with a higher sequence number.',
  },
  'libp2p/full': {
    message: 'As much as may be is already stored there.',
    hint: 'For a stock: it takes more once items were used. For an address: publish at another directory.',
    retryable: true,
  },
  'libp2p/not-stored': {
    message: 'No other node gave the record back after it was published.',
    hint: 'There may be nobody in reach; publish again later.',
    retryable: true,
  },
  'libp2p/closed': {
    message: 'The carrier is closed.',
    hint: 'Create a new one.',
  },
} as const

export class Libp2pError extends HyphaeError<keyof typeof LIBP2P_ERRORS> {
  constructor(code: keyof typeof LIBP2P_ERRORS, context?: ErrorContext) {
    super(LIBP2P_ERRORS, code, context)
  }
}
