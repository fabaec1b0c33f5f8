/** Every way this package refuses. Details are sizes, counters, ids and versions, never a key or a plaintext. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const RATCHET_ERRORS = {
  'ratchet/bad-bundle': {
    message: 'The prekey bundle is malformed.',
    hint: 'Fetch another one; do not retry with the same bytes.',
  },
  'ratchet/bad-handshake': {
    message: 'The handshake is malformed.',
    hint: 'Drop it; an honest sender never made it.',
  },
  'ratchet/bad-snapshot': {
    message: 'The stored state is malformed.',
    hint: 'Restore it from the store that wrote it; a damaged session has to be set up anew.',
  },
  'ratchet/bad-frame': {
    message: 'The frame has the wrong shape.',
    hint: 'A session frame is 128, 512 or 2048 bytes, padded with zeros.',
  },
  'ratchet/unsupported-version': {
    message: 'The version or suite is not supported.',
    hint: 'Update whichever side is older.',
  },
  'ratchet/bad-signature': {
    message: 'A signature in the prekey bundle does not verify.',
    hint: 'Refuse the bundle and whoever offered it.',
  },
  'ratchet/wrong-identity': {
    message: 'The prekey bundle belongs to another device.',
    hint: 'Fetch the bundle of the device that was meant.',
  },
  'ratchet/own-identity': {
    message: 'The peer is this very device.',
    hint: 'A session joins two devices.',
  },
  'ratchet/bad-key': {
    message: 'A public key is not one that an honest party would make.',
    hint: 'Refuse whoever offered it.',
  },
  'ratchet/handshake-rejected': {
    message: 'The handshake is not authentic for this device and that peer.',
    hint: 'Drop it. Nothing was consumed.',
  },
  'ratchet/unknown-prekey': {
    message: 'The handshake names a prekey that was never issued.',
    hint: 'Drop it.',
  },
  'ratchet/prekey-used': {
    message: 'The one-time prekey of the handshake was used before.',
    hint: 'Drop the handshake: it is a replay, or its sender must begin again with a fresh bundle.',
  },
  'ratchet/prekey-expired': {
    message: 'The signed prekey of the handshake was rotated away.',
    hint: 'Its sender must begin again with a fresh bundle.',
  },
  'ratchet/prekeys-exhausted': {
    message: 'No prekey ids are left.',
    hint: 'Create a new device: ids are never used twice.',
  },
  'ratchet/downgrade': {
    message: 'The peer offers no post-quantum key agreement.',
    hint: 'Fetch a newer bundle, or allow classic sessions if that is meant.',
  },
  'ratchet/chain-exhausted': {
    message: 'The sending chain has no numbers left.',
    hint: 'Wait for a reply of the peer, or set up a new session.',
  },
  'ratchet/too-long': {
    message: 'The input is longer than its place allows.',
    hint: 'Split it; the limit is in the details.',
  },
  'ratchet/bad-argument': {
    message: 'An argument is out of range.',
    hint: 'The range is in the details.',
  },
} as const

export type RatchetErrorCode = keyof typeof RATCHET_ERRORS

export class RatchetError extends HyphaeError<RatchetErrorCode> {
  constructor(code: RatchetErrorCode, context?: ErrorContext) {
    super(RATCHET_ERRORS, code, context)
  }
}
