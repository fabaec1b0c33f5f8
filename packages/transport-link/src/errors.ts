/** Errors of direct links. What is wrong with a peer's bytes is one code, whatever it was: `link/broken`. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const LINK_ERRORS = {
  'link/bad-address': {
    message: 'The address cannot be used.',
    hint: 'Pass unix:/path, tcp://host:port, udp://host:port, ws://host:port/path or serial:/dev/tty?baud=9600.',
  },
  'link/bad-frame': {
    message: 'The frame has a size that does not travel.',
    hint: 'Frames are 128, 512, 2048 or 4096 bytes.',
  },
  'link/bad-peer': {
    message: 'The peer is not named by a device id.',
    hint: 'Pass the 64 hexadecimal digits of its Ed25519 key.',
  },
  'link/unreachable': {
    message: 'The peer cannot be reached at any of its addresses.',
    hint: 'It may be away; use a mailbox, or try later.',
    retryable: true,
  },
  'link/wrong-peer': {
    message: 'Somebody else answers at the address of the peer.',
    hint: 'Check where the address came from.',
  },
  'link/broken': {
    message: 'The other side does not follow the protocol, or its bytes were altered.',
    hint: 'The connection was ended; another one may be made.',
    retryable: true,
  },
  'link/exhausted': {
    message: 'The connection has carried as much as its keys may.',
    hint: 'It is closed; the next frame opens another one.',
    retryable: true,
  },
  'link/no-sockets': {
    message: 'This runtime has no sockets of that kind.',
    hint: 'Dial a WebSocket, attach a data channel, use linkFactory with a platform of your own, or run under Node.',
  },
  'link/no-serial': {
    message: 'The library for serial ports is not installed.',
    hint: 'Install the package serialport beside this one.',
  },
  'link/closed': {
    message: 'The carrier is closed.',
    hint: 'Create a new one.',
  },
} as const

export class LinkError extends HyphaeError<keyof typeof LINK_ERRORS> {
  constructor(code: keyof typeof LINK_ERRORS, context?: ErrorContext) {
    super(LINK_ERRORS, code, context)
  }
}
