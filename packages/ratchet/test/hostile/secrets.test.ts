/** Nothing that people print, log or serialise shows a secret; a failing generator makes nothing. */
import { inspect } from 'node:util'
import { createNobleCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  decodeSession,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  type SessionState,
} from '../../src/index.js'
import { coreOf } from '../../src/session.js'
import {
  codeOf,
  crypto,
  device,
  flipped,
  NOW,
  publish,
  receive,
  sendMany,
  talkedPair,
  verified,
} from '../support.js'

/** The forms in which bytes turn up in text. */
function formsOf(secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  return [
    bytes.toString('hex').slice(0, 32),
    bytes.toString('base64').slice(0, 20),
    [...secret.subarray(0, 12)].join(','),
    [...secret.subarray(0, 12)].join(', '),
  ]
}

function printed(value: unknown): string {
  const seen = inspect(value, { depth: 20, showHidden: true, maxArrayLength: 1000, getters: false })
  const plain = inspect(value, { depth: 20, maxArrayLength: 1000, breakLength: Number.POSITIVE_INFINITY })
  const copied = JSON.stringify({ ...(value as object) }) ?? ''
  return `${seen}\n${plain}\n${JSON.stringify(value) ?? ''}\n${copied}\n${String(value)}`.replaceAll(
    /\s+/g,
    ' ',
  )
}

function secretsOf(session: SessionState): Uint8Array[] {
  const { rootKey, sending, receiving, skipped, facts } = coreOf(session)
  const secrets = [rootKey, facts.mailboxSecret, sending.headerKey]
  if (sending.kind === 'ready') secrets.push(sending.ratchetSecret, sending.chainKey, sending.next.key)
  if (receiving !== null) secrets.push(receiving.chainKey, receiving.header.key)
  for (const entry of skipped) secrets.push(entry.messageKey, entry.mask)
  return secrets
}

describe('secrets', () => {
  it('hostile 49, attack: secrets searched for: no session shows one, printed, serialised or spread', () => {
    const pair = talkedPair()
    const frames = sendMany(pair, 'alice', 3)
    receive(pair, 'bob', frames[2] as Uint8Array)
    for (const session of [pair.alice, pair.bob]) {
      const secrets = secretsOf(session)
      expect(secrets.length).toBeGreaterThan(4)
      const text = printed(session)
      for (const form of secrets.flatMap(formsOf)) expect(text).not.toContain(form)
      expect(formsOf(session.peer.signing).some((form) => text.includes(form))).toBe(true)
    }
  })

  it('hostile 49, attack: secrets searched for: no prekey state shows one', () => {
    const { prekeys } = publish(device(), 4)
    const secrets = [...prekeys.signed, ...prekeys.oneTime].map((one) =>
      crypto.x25519.exportPrivateKey(one.key),
    )
    const text = printed(prekeys)
    for (const form of secrets.flatMap(formsOf)) expect(text).not.toContain(form)
  })

  it('hostile 49, attack: secrets searched for: no error shows one, nor does its cause', () => {
    const pair = talkedPair()
    const bytes = encodeSession(pair.alice)
    const published = publish(device())
    const errors: unknown[] = []
    const collect = (attempt: () => unknown): void => {
      try {
        attempt()
      } catch (error) {
        errors.push(error)
      }
    }
    collect(() => decodeSession(crypto, bytes.subarray(1)))
    collect(() => decodeSession(crypto, bytes.subarray(0, 390)))
    collect(() => encryptFrame(crypto, pair.alice, { body: bytes, size: 128 }))
    const alice = device()
    const { handshake } = initiateSession(crypto, { keys: alice.keys, bundle: verified(published), now: NOW })
    const { keys } = published.owner
    const { prekeys } = published
    for (const bit of [0, 20, 100, 400, 800]) {
      collect(() =>
        acceptSession(crypto, {
          keys,
          prekeys,
          handshake: flipped(handshake, bit),
          peer: alice.peer,
          now: NOW,
        }),
      )
    }
    expect(errors.length).toBe(8)
    const text = errors.map(printed).join('\n')
    const secrets = [...secretsOf(pair.alice), encodePrekeyState(crypto, prekeys).subarray(16, 48)]
    for (const form of secrets.flatMap(formsOf)) expect(text).not.toContain(form)
  })

  it('hostile 49: a frame of zeros shows no plaintext and no key', () => {
    const pair = talkedPair()
    const secrets = secretsOf(pair.alice)
    const sent = encryptFrame(crypto, pair.alice, { body: Buffer.from('attack at dawn'), size: 128 })
    const hex = Buffer.from(sent.frame).toString('hex')
    expect(hex).not.toContain(Buffer.from('attack').toString('hex'))
    for (const secret of secrets) expect(hex).not.toContain(Buffer.from(secret).toString('hex').slice(0, 16))
  })

  it('hostile 52: a generator that fails makes no key, no bundle and no session, and harms no state', () => {
    const broken = createNobleCrypto({
      rng: () => {
        throw new Error('no entropy')
      },
    })
    const alice = device()
    const published = publish(device())
    const bundle = verified(published)
    expect(codeOf(() => initiateSession(broken, { keys: alice.keys, bundle, now: NOW }))).toBe(
      'crypto/rng-failed',
    )
    const { owner, prekeys } = published
    expect(codeOf(() => generateOneTimePrekeys(broken, owner.keys, prekeys, 1))).toBe('crypto/rng-failed')
    const due = talkedPair()
    const opened = decryptFrame(crypto, due.bob, sendMany(due, 'alice', 1)[0] as Uint8Array)
    const body = new Uint8Array(1)
    const state = opened?.session ?? due.bob
    const stored = encodeSession(state)
    expect(codeOf(() => encryptFrame(broken, state, { body, size: 128 }))).toBe('crypto/rng-failed')
    expect(encodeSession(state)).toEqual(stored)
  })
})
