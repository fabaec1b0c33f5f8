import { fromHex, toHex } from '@hyphae/core'
import fc from 'fast-check'
import * as library from 'tiny-secp256k1'
import { describe, expect, it } from 'vitest'
import { createNostr, overLibsecp256k1, signEvent, verifyEvent } from '../src/index.js'
import { createNostr as createOnNode } from '../src/index.node.js'
import { loadLibsecp256k1 } from '../src/libsecp256k1.node.js'
import { nobleSecp256k1 } from '../src/secp256k1.js'
import { keyOf, nostr } from './support/keys.js'

const fast = overLibsecp256k1(library)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

describe('libsecp256k1 as the curve', () => {
  it("gives the signature of BIP-340's second test vector", () => {
    const secret = fromHex('b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef')
    const message = fromHex('243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89')
    const auxiliary = new Uint8Array(32)
    auxiliary[31] = 1
    expect(toHex(fast.publicKey(secret))).toBe(
      'dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659',
    )
    expect(toHex(fast.sign(message, secret, auxiliary))).toBe(
      '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a',
    )
  })

  it('signs, names keys and verifies as the portable curve does', () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), fc.nat({ max: 63 }), (secret, message, auxiliary, at) => {
        secret[0] = 1
        const publicKey = fast.publicKey(secret)
        const signature = fast.sign(message, secret, auxiliary)
        expect(publicKey).toEqual(nobleSecp256k1.publicKey(secret))
        expect(signature).toEqual(nobleSecp256k1.sign(message, secret, auxiliary))
        expect(fast.verify(signature, message, publicKey)).toBe(true)
        signature[at] = (signature[at] as number) ^ 1
        expect(fast.verify(signature, message, publicKey)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('calls what is no key and no signature false, and refuses a secret of zero', () => {
    const [message, signature] = [new Uint8Array(32), new Uint8Array(64).fill(1)]
    expect(fast.verify(signature, message, new Uint8Array(32))).toBe(false)
    expect(fast.verify(signature, message, new Uint8Array(5))).toBe(false)
    expect(fast.verify(new Uint8Array(3), message, nobleSecp256k1.publicKey(message.slice().fill(1)))).toBe(
      false,
    )
    expect(() => fast.publicKey(new Uint8Array(32))).toThrow()
  })

  it('verifies what the portable curve signed, and the reverse', () => {
    const other = createNostr(nostr.crypto, fast)
    const template = { kind: 1, created_at: 1_700_000_000, tags: [], content: 'either way' }
    const read = (text: string): unknown => JSON.parse(text)
    for (const [from, to] of [
      [nostr, other],
      [other, nostr],
    ] as const)
      expect(verifyEvent(to, read(JSON.stringify(signEvent(from, keyOf(1), template))))?.content).toBe(
        'either way',
      )
  })

  it('is what Node uses where it is installed, and nothing is where it is not or is another curve', () => {
    expect(createOnNode(nostr.crypto).secp256k1).not.toBe(nobleSecp256k1)
    expect(createOnNode(nostr.crypto, nobleSecp256k1).secp256k1).toBe(nobleSecp256k1)
    const missing = (): never => {
      throw new Error('not installed')
    }
    expect(loadLibsecp256k1(missing)).toBeNull()
    expect(loadLibsecp256k1(() => ({ ...library, verifySchnorr: () => true }))).toBeNull()
    expect(
      loadLibsecp256k1(() => ({ ...library, xOnlyPointFromScalar: () => new Uint8Array(32) })),
    ).toBeNull()
  })
})
