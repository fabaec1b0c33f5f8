import { isHyphaeError } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  costOf,
  createChain,
  decodeOffer,
  decodeOpening,
  decodeOrder,
  decodePaymentTicket,
  decodeStatement,
  decodeVoucher,
  encodeOffer,
  encodeOpening,
  encodeOrder,
  encodePaymentTicket,
  encodeStatement,
  encodeVoucher,
  linkAdds,
  openChannel,
  signOrder,
  signVoucher,
  valueFor,
} from '@hyphae/payment'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAccount, encodeAccount, newAccount } from '../../src/channel/account.js'
import { signStatement } from '../../src/tokens/statement.js'

const key = crypto.ed25519.generate()
const nonce = crypto.randomBytes(16)
const chain = createChain(crypto, { secret: crypto.randomBytes(32), nonce, links: 40, value: 2n })
const opening = openChannel(crypto, key, {
  payee: crypto.randomBytes(32),
  nonce,
  expiresAt: 1_800_000_000_000,
  chain: chain.commitment,
  funding: 1,
  reference: crypto.randomBytes(20),
})
const channel = crypto.randomBytes(32)
const voucher = signVoucher(
  crypto,
  key,
  { channel, amount: 2n ** 64n - 1n, expiresAt: 9 },
  crypto.randomBytes(65),
)
const modulus = (): Uint8Array => {
  const bytes = crypto.randomBytes(256)
  bytes[0] = 0xff
  bytes[255] = 1
  return bytes
}
const keys = [7, 8].map((epoch) => ({ epoch, moduli: [modulus(), modulus()] }))
const statement = signStatement(crypto, key, {
  name: 'relay.example',
  epoch: 7,
  epochMs: 1000,
  values: [1, 2],
  keys,
})
const order = signOrder(crypto, key, {
  channel,
  sequence: 3,
  keyId: channel,
  blinded: [modulus(), modulus()],
})
const account = {
  ...newAccount(opening),
  latest: voucher,
  purposes: [nonce, nonce].map((purpose, at) => ({ purpose, at })),
  spent: 5n,
}

const CODECS: [string, Uint8Array, (bytes: Uint8Array) => Uint8Array][] = [
  ['opening', encodeOpening(opening), (bytes) => encodeOpening(decodeOpening(bytes))],
  ['voucher', encodeVoucher(voucher), (bytes) => encodeVoucher(decodeVoucher(bytes))],
  ['statement', encodeStatement(statement), (bytes) => encodeStatement(decodeStatement(bytes))],
  [
    'offer',
    encodeOffer({ payee: channel, tariff: { byteDays: 5, amount: 3n }, fundings: [0, 1], statement }),
    (bytes) => encodeOffer(decodeOffer(bytes)),
  ],
  ['order', encodeOrder(order), (bytes) => encodeOrder(decodeOrder(bytes))],
  ['account', encodeAccount(account), (bytes) => encodeAccount(decodeAccount(bytes))],
  [
    'payment ticket',
    encodePaymentTicket({ kind: 'link', channel, payment: chain.pay(3) }),
    (bytes) => encodePaymentTicket(decodePaymentTicket(bytes)),
  ],
]

function refusedOrSame(bytes: Uint8Array, again: (bytes: Uint8Array) => Uint8Array): void {
  let result: Uint8Array
  try {
    result = again(bytes)
  } catch (error) {
    expect(isHyphaeError(error)).toBe(true)
    return
  }
  expect(result).toEqual(bytes)
}

describe.each(CODECS)('hostile 1: %s', (_name, bytes, again) => {
  it('comes back as it went', () => {
    expect(again(bytes)).toEqual(bytes)
  })

  it('is refused whole when it is cut or something follows', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(() => again(bytes.slice(0, length))).toThrow(
        expect.objectContaining({ code: 'payment/malformed' }),
      )
    expect(() => again(Uint8Array.of(...bytes, 0))).toThrow(
      expect.objectContaining({ code: 'payment/malformed' }),
    )
  })

  it('with any bit flipped is refused or says something else', () => {
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice()
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      refusedOrSame(flipped, again)
    }
  })

  it('of random bytes throws nothing but its error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (random) => refusedOrSame(random, again)))
  })
})

describe('prices', () => {
  it('never fall when more is stored, and never round to nothing', () => {
    const small = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(
        small,
        small,
        fc.integer({ min: 1, max: 4096 }),
        fc.constantFrom(1, 7, 14, 30),
        (byteDays, amount, bytes, days) => {
          const tariff = { byteDays, amount: BigInt(amount) }
          const cost = costOf(tariff, bytes, days)
          expect(cost).toBeGreaterThan(0n)
          expect(costOf(tariff, bytes + 1, days)).toBeGreaterThanOrEqual(cost)
          expect(cost * BigInt(byteDays)).toBeGreaterThanOrEqual(BigInt(bytes * days * amount))
        },
      ),
    )
  })

  it('of tokens are of the smallest that is enough', () => {
    expect(valueFor([10, 20, 30], 5, 3)).toBe(20)
    expect(valueFor([10, 20, 30], 10, 3)).toBe(30)
    expect(valueFor([10, 20, 30], 31, 1)).toBeUndefined()
  })
})

describe('a hash chain', () => {
  it('pays exactly the links between two positions, whichever they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 39 }), fc.integer({ min: 1, max: 40 }), (from, to) => {
        const position = from === 0 ? { index: 0, link: chain.commitment.anchor } : chain.pay(from)
        const context = { ...chain.commitment, nonce }
        if (to > from) expect(linkAdds(crypto, chain.pay(to), position, context)).toBe(BigInt(to - from) * 2n)
        else expect(() => linkAdds(crypto, chain.pay(to), position, context)).toThrow()
      }),
    )
  })
})
