/** Fuzz target: any bytes as every kind of frame, under fixed keys. None may open but those sealed for them. */
import { nobleCrypto as crypto } from '@hyphae/crypto'
import { TlvError } from '../src/errors.js'
import {
  frameMask,
  openChunk,
  openFrameBody,
  openFrameHeader,
  openGroupFrame,
  openHandshakeFrame,
} from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

/** The keys the corpus was sealed under. */
export const KEY: Uint8Array = new Uint8Array(32).fill(7)
export const INTRO_KEY = crypto.x25519.importPrivateKey(new Uint8Array(32).fill(9))

export const target: FuzzTarget = {
  name: 'frames',
  run(frame) {
    if (frame.length === 4096) refuseNull(openChunk(crypto, { key: KEY, index: 0, frame }))
    else refuseNull(openSealed(frame) ?? openGroupFrame(crypto, { key: KEY, frame }) ?? openHandshake(frame))
  },
}

function openSealed(frame: Uint8Array): Uint8Array | null {
  try {
    const { length } = openFrameHeader(frame, frameMask(crypto, KEY, 0))
    return openFrameBody(crypto, { frame, messageKey: KEY, associatedData: KEY, length })
  } catch (error) {
    if (error instanceof TlvError && error.code === 'tlv/bad-frame' && frame.length >= 128) return null
    throw error
  }
}

function openHandshake(frame: Uint8Array): Uint8Array | null {
  return frame.length === 2048 ? openHandshakeFrame(crypto, { introKey: INTRO_KEY, frame }) : null
}

/** An unauthentic frame is refused like any other for the purpose of the corpus. */
function refuseNull(opened: unknown): void {
  if (opened === null) throw new TlvError('tlv/bad-frame')
}
