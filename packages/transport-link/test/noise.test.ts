import { concatBytes, utf8 } from '@hyphae/core'
import { createNobleCrypto, defaultCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { makeIdentity, readIdentity } from '../src/identity.js'
import { MAX_RECORDS } from '../src/limits.js'
import {
  type Keys,
  nonceOf,
  readFirst,
  readSecond,
  readThird,
  writeFirst,
  writeSecond,
  writeThird,
} from '../src/noise.js'
import { createRecordReader, prefixed } from '../src/record-reader.js'

const prologue = utf8('test')

function run(crypto: typeof defaultCrypto, other: typeof defaultCrypto, a: Keys, b: Keys) {
  const first = writeFirst(crypto, prologue, a)
  const atB = readFirst(other, prologue, b, first.message)
  const second = writeSecond(other, atB, utf8('from b'))
  const atA = readSecond(crypto, first.state, second.message)
  const third = writeThird(crypto, atA.state, utf8('from a'))
  const done = readThird(other, second.state, third.message)
  return { first, second, third, atA, done }
}

const keysOf = (crypto: typeof defaultCrypto): Keys => ({
  statics: crypto.x25519.generate(),
  ephemeral: crypto.x25519.generate(),
})

describe('Noise XX', () => {
  it('gives both sides the same keys, each proving its static key, whatever the provider', () => {
    const noble = createNobleCrypto()
    const [a, b] = [keysOf(defaultCrypto), keysOf(noble)]
    const { atA, third, done } = run(defaultCrypto, noble, a, b)
    expect(atA.statics).toEqual(b.statics.publicKey)
    expect(done.statics).toEqual(a.statics.publicKey)
    expect([atA.payload, done.payload]).toEqual([utf8('from b'), utf8('from a')])
    expect(third.transport.send).toEqual(done.transport.receive)
    expect(third.transport.receive).toEqual(done.transport.send)
    expect(third.transport.hash).toEqual(done.transport.hash)
    expect(third.transport.send.key).not.toEqual(third.transport.receive.key)
  })

  it('refuses each message with any byte altered, cut or longer', () => {
    const [a, b] = [keysOf(defaultCrypto), keysOf(defaultCrypto)]
    const { first, second, third } = run(defaultCrypto, defaultCrypto, a, b)
    const variants = (message: Uint8Array): Uint8Array[] => [
      ...Array.from(message, (_, i) => message.map((byte, at) => (at === i ? byte ^ 1 : byte))),
      message.subarray(0, -1),
      concatBytes(message, Uint8Array.of(0)),
      new Uint8Array(),
    ]
    for (const wrong of variants(second.message)) {
      expect(() => readSecond(defaultCrypto, first.state, wrong)).toThrow(
        expect.objectContaining({ code: 'link/broken' }),
      )
    }
    for (const wrong of variants(third.message)) {
      expect(() => readThird(defaultCrypto, second.state, wrong)).toThrow(
        expect.objectContaining({ code: 'link/broken' }),
      )
    }
  })

  it('binds the prologue: another version of the protocol does not understand this one', () => {
    const [a, b] = [keysOf(defaultCrypto), keysOf(defaultCrypto)]
    const first = writeFirst(defaultCrypto, prologue, a)
    const second = writeSecond(
      defaultCrypto,
      readFirst(defaultCrypto, utf8('other'), b, first.message),
      utf8(''),
    )
    expect(() => readSecond(defaultCrypto, first.state, second.message)).toThrow(
      expect.objectContaining({ code: 'link/broken' }),
    )
  })

  it('hostile 12: refuses small-order keys, as ephemeral and as static', () => {
    const [a, b] = [keysOf(defaultCrypto), keysOf(defaultCrypto)]
    const zero = new Uint8Array(32)
    expect(() => readFirst(defaultCrypto, prologue, b, zero)).toThrow(
      expect.objectContaining({ code: 'link/broken' }),
    )
    const { first, second } = run(defaultCrypto, defaultCrypto, a, b)
    const message = concatBytes(zero, second.message.subarray(32))
    expect(() => readSecond(defaultCrypto, first.state, message)).toThrow(
      expect.objectContaining({ code: 'link/broken' }),
    )
  })

  it('counts nonces past 32 bits and stops in time', () => {
    expect(nonceOf(2 ** 32 + 5)).toEqual(Uint8Array.of(0, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0))
    expect(() => nonceOf(MAX_RECORDS)).toThrow(expect.objectContaining({ code: 'link/exhausted' }))
  })
})

describe('identities', () => {
  const device = defaultCrypto.ed25519.generate()
  const statics = defaultCrypto.x25519.generate().publicKey

  it('hold for the static key they were made for', () => {
    const identity = makeIdentity(defaultCrypto, device, statics)
    expect(readIdentity(defaultCrypto, statics, identity)).toBe(Buffer.from(device.publicKey).toString('hex'))
    const other = defaultCrypto.x25519.generate().publicKey
    for (const [key, wrong] of [
      [other, identity],
      [statics, identity.map((byte, i) => (i === 40 ? byte ^ 1 : byte))],
      [statics, identity.subarray(1)],
    ] as const) {
      expect(() => readIdentity(defaultCrypto, key, wrong)).toThrow(
        expect.objectContaining({ code: 'link/broken' }),
      )
    }
  })
})

describe('records', () => {
  it('hostile 7: are the same however the bytes come', () => {
    const records = [1, 300, 4000, 2].map((length) => defaultCrypto.randomBytes(length))
    const bytes = concatBytes(...records.map(prefixed))
    for (const step of [1, 2, 3, 100, 1500, bytes.length]) {
      const reader = createRecordReader()
      const got: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += step)
        reader.push(
          bytes.subarray(at, at + step),
          () => 4096,
          (record) => got.push(record.slice()),
        )
      expect(got).toEqual(records)
      expect(reader.partial).toBe(false)
    }
  })

  it('hostile 2: are refused by their length, before anything is kept of them', () => {
    const reader = createRecordReader()
    for (const bytes of [Uint8Array.of(0, 0), Uint8Array.of(0xff, 0xff, 1, 2, 3)])
      expect(() =>
        reader.push(
          bytes,
          () => 4096,
          () => {},
        ),
      ).toThrow(expect.objectContaining({ code: 'link/broken' }))
  })
})
