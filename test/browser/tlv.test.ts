// Frames and records make the round trip in a browser, through the portable provider.
import { fromHex, toHex, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  encodeRecords,
  frameMask,
  frameTag,
  openFrameBody,
  openFrameHeader,
  openHandshakeFrame,
  readRecords,
  SEALED_SIZES,
  sealFrame,
  sealHandshakeFrame,
  USABLE_BYTES,
} from '@hyphae/tlv'
import { expect, it } from 'vitest'

it('records: what is written is read', () => {
  const long = new Uint8Array(300).fill(7)
  const encoded = encodeRecords([
    { type: 1, value: utf8('one') },
    { type: 200, value: long },
  ])
  expect(readRecords(encoded).map(({ type, value }) => [type, toHex(value)])).toEqual([
    [1, toHex(utf8('one'))],
    [200, toHex(long)],
  ])
})

it('hostile 1: a length beyond the input is a typed error', () => {
  expect(() => readRecords(fromHex('0105aa'))).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^tlv\//) }),
  )
})

it.each(SEALED_SIZES)('a sealed frame of %i bytes opens under its own key alone', (size) => {
  const body = crypto.randomBytes(USABLE_BYTES[size])
  const mask = frameMask(crypto, crypto.randomBytes(32), 3)
  const messageKey = crypto.randomBytes(32)
  const associatedData = utf8('both identities')
  const header = { ratchetKey: crypto.randomBytes(32), n: 3, pn: 0, length: body.length, pqEpoch: 0 }
  const frame = sealFrame(crypto, { mask, header, messageKey, associatedData, body, size })
  expect(frame).toHaveLength(size)
  expect(frameTag(frame)).toEqual(mask.subarray(0, 14))
  expect(openFrameHeader(frame, mask)).toEqual(header)
  const { length } = header
  expect(openFrameBody(crypto, { frame, messageKey, associatedData, length })).toEqual(body)
  const otherKey = crypto.randomBytes(32)
  expect(openFrameBody(crypto, { frame, messageKey: otherKey, associatedData, length })).toBeNull()
})

it('a handshake frame opens for its recipient alone', () => {
  const recipient = crypto.x25519.generate()
  const payload = crypto.randomBytes(700)
  const frame = sealHandshakeFrame(crypto, { introKey: recipient.publicKey, payload })
  expect(frame).toHaveLength(2048)
  expect(openHandshakeFrame(crypto, { introKey: recipient, frame })).toEqual(payload)
  expect(openHandshakeFrame(crypto, { introKey: crypto.x25519.generate(), frame })).toBeNull()
})
