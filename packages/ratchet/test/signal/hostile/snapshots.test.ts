/** Stored sessions that were damaged, and what printing a session shows. */
import { inspect } from 'node:util'
import { concatBytes, equalBytes } from '@hyphae/core'
import { createNobleCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { coreOf, type SessionCore, sessionOf } from '../../../src/signal/session.js'
import {
  createKyberPrekey,
  decodeSignalSession,
  encryptSignal,
  type SignalSession,
  xeddsaSign,
} from '../../../src/signal.js'
import { begin, codeOf, crypto, flipped, newPair, open, pass, send, stored } from '../support.js'

const read = (bytes: Uint8Array): string | undefined => codeOf(() => decodeSignalSession(crypto, bytes))

/** A session with something in every list: a chain behind, seeds and keys kept, chunks on the way. */
function busySession(): SignalSession {
  const pair = newPair()
  for (let i = 0; i < 10; i++) {
    const [, late] = [send(pair, 'alice'), send(pair, 'alice')]
    open(pair, 'bob', late)
    pass(pair, 'bob')
  }
  return pair.bob
}

describe('stored sessions', () => {
  const sessions = { busy: stored(busySession()), unanswered: stored(begin().session) }

  for (const [name, bytes] of Object.entries(sessions)) {
    it(`hostile 33: every prefix of a session (${name}) is refused, and what is left over`, () => {
      for (let end = 0; end < bytes.length; end++) {
        expect(read(bytes.subarray(0, end))).toBe('ratchet/signal-bad-snapshot')
      }
      expect(read(concatBytes(bytes, Uint8Array.of(0)))).toBe('ratchet/signal-bad-snapshot')
    })

    it(`hostile 33: a flipped byte in it (${name}) is refused, or read back as exactly that`, () => {
      let refusedOnes = 0
      for (let at = 0; at < bytes.length; at++) {
        const damaged = flipped(bytes, at * 8 + (at % 8))
        const code = codeOf(() => {
          if (!equalBytes(stored(decodeSignalSession(crypto, damaged)), damaged))
            throw new Error('it changed')
        })
        expect([undefined, 'ratchet/signal-bad-snapshot']).toContain(code)
        if (code !== undefined) refusedOnes++
      }
      expect(refusedOnes).toBeGreaterThan(10)
    })
  }

  it('hostile 53: another version is refused', () => {
    expect(read(flipped(sessions.busy, 0))).toBe('ratchet/signal-bad-snapshot')
    expect(read(flipped(sessions.busy, 1))).toBe('ratchet/signal-bad-snapshot')
  })

  it('hostile 12: small-order and non-canonical identity, base and ratchet keys are refused', () => {
    const { local, peer, baseKey, receiving } = coreOf(decodeSignalSession(crypto, sessions.busy))
    const keys = [local, peer, baseKey, ...receiving.map(({ ratchetKey }) => ratchetKey)]
    for (const key of keys) {
      const hex = Buffer.from(sessions.busy).toString('hex')
      const found = Buffer.from(key).toString('hex')
      expect(hex).toContain(found)
      for (const bad of ['00'.repeat(32), 'ff'.repeat(32)]) {
        const damaged = Uint8Array.from(Buffer.from(hex.replace(found, bad), 'hex'))
        expect(read(damaged)).toBe('ratchet/signal-bad-snapshot')
      }
    }
  })

  it('states that no session can have are refused', () => {
    const core = coreOf(busySession())
    const verdict = (changes: Partial<SessionCore>) => read(stored(sessionOf({ ...core, ...changes })))
    expect(verdict({})).toBe(undefined)
    const refused = 'ratchet/signal-bad-snapshot'
    const { braid, chains } = core.pq
    const [epoch] = chains.epochs
    const [chain] = core.receiving
    if (epoch === undefined || chain === undefined || !('vector' in braid) || !('chunks' in braid.vector))
      throw new Error(`the session is not busy: ${braid.kind}`)
    const { chunks, needed } = braid.vector
    const twice = { needed, chunks: [...chunks, ...chunks.slice(0, 1)] }
    expect(chunks.length).toBeGreaterThan(0)
    expect(verdict({ pq: { chains, braid: { ...braid, vector: twice } as typeof braid } })).toBe(refused)
    expect(verdict({ pq: { chains, braid: { ...braid, epoch: 7 } } })).toBe(refused)
    // Bob does not make the key of the first epoch, so nobody who encapsulates to it is the initiator.
    expect(verdict({ pq: { braid, chains: { ...chains, initiator: true } } })).toBe(refused)
    const withEpochs = (epochs: readonly (typeof epoch)[]) =>
      verdict({ pq: { braid, chains: { ...chains, epochs } } })
    expect(withEpochs([epoch, { ...epoch, epoch: 1 }])).toBe(undefined)
    expect(withEpochs([epoch, { ...epoch, epoch: 2 }])).toBe(refused)
    expect(withEpochs([epoch, epoch])).toBe(refused)
    expect(withEpochs([])).toBe(refused)
    expect(epoch.skipped.length).toBeGreaterThan(1)
    expect(withEpochs([{ ...epoch, skipped: epoch.skipped.toReversed() }])).toBe(refused)
    expect(withEpochs([{ ...epoch, receiving: { ...epoch.receiving, counter: 1 } }])).toBe(refused)
    const withSeeds = (counters: readonly number[]) => {
      const skipped = counters.map((counter) => ({ counter, seed: chain.chainKey }))
      return verdict({ receiving: [{ ...chain, counter: 5, skipped }] })
    }
    expect([withSeeds([0, 4]), withSeeds([4, 0]), withSeeds([3, 3]), withSeeds([5])]).toEqual([
      undefined,
      refused,
      refused,
      refused,
    ])
  })

  it('a session whose counters are used up is read, and sends no more', () => {
    const core = coreOf(busySession())
    const last = sessionOf({ ...core, sending: { ...core.sending, counter: 0xff_ff_ff_fe } })
    const again = decodeSignalSession(crypto, stored(last))
    expect(codeOf(() => encryptSignal(crypto, again, Uint8Array.of(1)))).toBe(
      'ratchet/signal-chain-exhausted',
    )
  })

  it('hostile 2: an oversized one is refused', () => {
    expect(read(new Uint8Array(1024 * 1024 + 1).fill(1))).toBe('ratchet/signal-bad-snapshot')
  })
})

describe('hostile 49, attack: secrets searched for', () => {
  const forms = (secret: Uint8Array): string[] => [
    Buffer.from(secret).toString('hex').slice(0, 32),
    Buffer.from(secret).toString('base64').slice(0, 20),
    [...secret.subarray(0, 12)].join(','),
    [...secret.subarray(0, 12)].join(', '),
  ]

  it('printing, serialising or failing shows no key', () => {
    const session = busySession()
    const { rootKey, sending, receiving, pq } = coreOf(session)
    const kyber = createKyberPrekey(crypto, sending.ratchetKey, 1)
    const secrets = [
      kyber.seed(),
      rootKey,
      sending.chainKey,
      crypto.x25519.exportPrivateKey(sending.ratchetKey),
      ...receiving.flatMap((chain) => [chain.chainKey, ...chain.skipped.map(({ seed }) => seed)]),
      pq.chains.rootKey,
      pq.braid.authenticator.root,
      pq.braid.authenticator.macKey,
    ]
    let failure: unknown
    try {
      decodeSignalSession(crypto, stored(session).subarray(1))
    } catch (error) {
      failure = error
    }
    const options = { depth: 20, showHidden: true, maxArrayLength: 1e6 }
    const text = [
      inspect(session, options),
      inspect(sending.ratchetKey, options),
      inspect(kyber, options),
      JSON.stringify(kyber),
      inspect(failure, options),
      JSON.stringify(session),
      String(failure),
    ].join('\n')
    expect(text).toContain('ratchet/signal-bad-snapshot')
    for (const form of secrets.flatMap(forms)) expect(text).not.toContain(form)
  })
})

describe('hostile 52: a generator that fails', () => {
  it('makes no key, session or signature', () => {
    const failing = createNobleCrypto({ rng: (length) => new Uint8Array(length) })
    const pair = newPair()
    const key = crypto.x25519.generate()
    expect(codeOf(() => createKyberPrekey(failing, key, 1))).toBe('crypto/rng-failed')
    expect(
      codeOf(() =>
        xeddsaSign(failing, failing.x25519.importPrivateKey(new Uint8Array(32).fill(1)), key.publicKey),
      ),
    ).toBe('crypto/rng-failed')
    const before = stored(begin().session)
    const fresh = decodeSignalSession(failing, before)
    expect(codeOf(() => encryptSignal(failing, fresh, Uint8Array.of(1)))).toBe('crypto/rng-failed')
    expect(pair.alice.unacknowledged).toBe(false)
  })
})
