// The providers behind a group: two runtimes in one group, one verdict on signatures, failing randomness.
import { createNobleCrypto, defaultCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { getCiphersuiteFromName } from 'ts-mls/crypto/ciphersuite.js'
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  createMlsProvider,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { after, at, codeOf, device, GROUP_ID, groupOf, noble, text } from './helpers.js'

describe('members on two runtimes', () => {
  it.each([1, 3] as const)('share a group of suite %i', async (suite) => {
    expect(defaultCrypto.name).not.toBe(noble.name)
    const devices = [defaultCrypto, noble, defaultCrypto, noble].map((crypto, i) =>
      device(`m${i}`, { crypto, suite }),
    )
    let states = await groupOf(devices)
    for (const committer of [1, 0, 3]) {
      const { state, commit } = await updateSelf(at(devices, committer).ctx, at(states, committer))
      states = await Promise.all(
        states.map((s, i) => (i === committer ? state : after(at(devices, i).ctx, s, commit))),
      )
    }
    const removal = await removeMembers(at(devices, 1).ctx, at(states, 1), [2])
    const [zero, three] = [
      await after(at(devices, 0).ctx, at(states, 0), removal.commit),
      await after(at(devices, 3).ctx, at(states, 3), removal.commit),
    ]
    expect(epochAuthenticator(zero)).toEqual(epochAuthenticator(three))
    for (const [from, to, sender, reader] of [
      [0, 3, zero, three],
      [3, 0, three, zero],
    ] as [number, number, GroupState, GroupState][]) {
      const { message } = await encryptMessage(at(devices, from).ctx, sender, text('across'), text('aad'))
      const { event } = await processMessage(at(devices, to).ctx, reader, message)
      expect(event).toMatchObject({ plaintext: text('across'), sender: { leaf: from } })
    }
  })
})

describe('hostile 13: small-order keys and second encodings of a signature (defect 12)', () => {
  it('are refused by the provider of every runtime', async () => {
    // Under the neutral element as key, R = neutral and S = 0 satisfy every form of the equation.
    const smallOrder = new Uint8Array(32)
    smallOrder[0] = 1
    const signature = new Uint8Array(64)
    signature[0] = 1
    for (const crypto of [defaultCrypto, noble]) {
      const suite = getCiphersuiteFromName('MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519')
      const cs = await createMlsProvider(crypto).getCiphersuiteImpl(suite)
      expect(await cs.signature.verify(smallOrder, text('any message'), signature)).toBe(false)
      const keys = await cs.signature.keygen()
      const good = await cs.signature.sign(keys.signKey, text('m'))
      expect(await cs.signature.verify(keys.publicKey, text('m'), good)).toBe(true)
      // S + L: the same point, another encoding.
      const order = 2n ** 252n + 27742317777372353535851937790883648493n
      const s = good.slice(32).reduceRight((value, byte) => value * 256n + BigInt(byte), 0n) + order
      const malleable = Uint8Array.from(good)
      for (let i = 0, rest = s; i < 32; i++, rest >>= 8n) malleable[32 + i] = Number(rest & 0xffn)
      expect(await cs.signature.verify(keys.publicKey, text('m'), malleable)).toBe(false)
    }
  })
})

describe('createMlsProvider', () => {
  it('refuses suites that it does not speak', async () => {
    const other = getCiphersuiteFromName('MLS_128_DHKEMP256_AES128GCM_SHA256_P256')
    expect(await codeOf(() => createMlsProvider(noble).getCiphersuiteImpl(other))).toBe(
      'mls/unsupported-suite',
    )
  })

  it('exports and imports a secret across HPKE, for both suites', async () => {
    for (const name of [
      'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
      'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
    ] as const) {
      const { hpke } = await createMlsProvider(noble).getCiphersuiteImpl(getCiphersuiteFromName(name))
      const { privateKey, publicKey } = await hpke.generateKeyPair()
      const sent = await hpke.exportSecret(publicKey, text('context'), 48, text('info'))
      const received = await hpke.importSecret(privateKey, text('context'), sent.enc, 48, text('info'))
      expect(received).toEqual(sent.secret)
      expect(
        await codeOf(() => hpke.importSecret(privateKey, text(''), new Uint8Array(32), 48, text(''))),
      ).toBe('mls/undecryptable')
    }
  })
})

describe('hostile 52: randomness', () => {
  it('that fails stops every operation, and no state moves', async () => {
    const time = { at: Date.UTC(2026, 0, 1) }
    let working = true
    const seeded = unsafeSeededRng(new Uint8Array(32).fill(5))
    const rng = (length: number): Uint8Array => {
      if (!working) throw new Error('no entropy')
      return seeded(length)
    }
    const crypto = createNobleCrypto({ rng })
    const a = device('a', { crypto, time })
    const state = await createGroup(a.ctx, a.identity, GROUP_ID)
    const b = device('b')
    const { keyPackage } = await createKeyPackage(b.ctx, b.identity)
    const before = encodeGroup(state)
    working = false
    for (const run of [
      () => createKeyPackage(a.ctx, a.identity),
      () => createGroup(a.ctx, a.identity, GROUP_ID),
      () => addMembers(a.ctx, state, [keyPackage]),
      () => updateSelf(a.ctx, state),
      () => encryptMessage(a.ctx, state, text('x'), text('')),
    ])
      expect(await codeOf(run)).toBe('crypto/rng-failed')
    expect(encodeGroup(state)).toEqual(before)
    working = true
    expect(await codeOf(() => updateSelf(a.ctx, state))).toBe('no error')
  })
})
