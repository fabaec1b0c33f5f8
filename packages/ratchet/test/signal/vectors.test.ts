/**
 * Replays what was recorded with libsignal-client: our side over the same randomness must give every recorded byte,
 * open every recorded message of the peer, and refuse what it refused.
 */
import { readFileSync } from 'node:fs'
import { equalBytes, fromHex, toHex, utf8 } from '@hyphae/core'
import { type CryptoProvider, createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  acceptSignalSession,
  createKyberPrekey,
  createPrekey,
  createSignedPrekey,
  decodePrekeyMessage,
  decodeSignalSession,
  decryptSignal,
  decryptSignalPrekey,
  encodeSignalSession,
  encryptSignal,
  initiateSignalSession,
  type SignalKyberPrekey,
  type SignalPrekey,
  type SignalSession,
  type SignalSignedPrekey,
  safetyNumber,
  verifySignalBundle,
} from '../../src/signal.js'
import { codeOf } from './support.js'

interface Signed {
  id: number
  key: string
  signature: string
}

type Step =
  | { do: 'publish'; withPrekey: boolean; signatures: string[] }
  | {
      do: 'initiate'
      registrationId: number
      deviceId: number
      identityKey: string
      signedPrekey: Signed
      kyberPrekey: Signed
      prekey?: { id: number; key: string }
    }
  | { do: 'send'; plaintext: string; kind: string; sha256: string }
  | { do: 'receive'; kind: string; message: string; plaintext: string }
  | { do: 'refuse'; kind: string; message: string; code: string }

interface Run {
  title: string
  rng: string
  registrationId: number
  steps: Step[]
  epochs: number
  safety: { number: string; peerKey: string }
  snapshot: string
}

const url = new URL('../../../../vectors/signal/v1.json', import.meta.url)
const file: { version: number; runs: Run[] } = JSON.parse(readFileSync(url, 'utf8'))

/** Keys stand with their type byte on the wire, and without it in the API. */
const bare = (typed: string): Uint8Array => fromHex(typed).slice(1)
const signed = ({ id, key, signature }: Signed) => ({ id, key: bare(key), signature: fromHex(signature) })

class Replay {
  readonly crypto: CryptoProvider
  readonly identity
  readonly signed: SignalSignedPrekey
  readonly kyber: SignalKyberPrekey
  readonly prekeys = new Map<number, SignalPrekey>()
  readonly run: Run
  session: SignalSession | null = null

  constructor(run: Run) {
    this.run = run
    this.crypto = createNobleCrypto({ rng: unsafeSeededRng(fromHex(run.rng)) })
    this.identity = this.crypto.x25519.generate()
    this.signed = createSignedPrekey(this.crypto, this.identity, 11)
    this.kyber = createKyberPrekey(this.crypto, this.identity, 12)
  }

  step(step: Step): void {
    switch (step.do) {
      case 'publish':
        expect([this.signed, this.kyber].map(({ signature }) => toHex(signature))).toEqual(step.signatures)
        if (step.withPrekey) this.prekeys.set(13, createPrekey(this.crypto, 13))
        break
      case 'initiate':
        this.initiate(step)
        break
      case 'send': {
        const sent = encryptSignal(this.crypto, this.session as SignalSession, fromHex(step.plaintext))
        expect([sent.kind, toHex(this.crypto.sha256(sent.message))]).toEqual([step.kind, step.sha256])
        this.session = sent.session
        break
      }
      case 'receive':
        expect(toHex(this.receive(step.kind, fromHex(step.message)))).toBe(step.plaintext)
        break
      case 'refuse':
        expect(codeOf(() => this.receive(step.kind, fromHex(step.message)))).toBe(step.code)
    }
  }

  initiate(step: Extract<Step, { do: 'initiate' }>): void {
    const { registrationId, deviceId, prekey } = step
    const offered = {
      registrationId,
      deviceId,
      identityKey: bare(step.identityKey),
      signedPrekey: signed(step.signedPrekey),
      kyberPrekey: signed(step.kyberPrekey),
      ...(prekey === undefined ? {} : { prekey: { id: prekey.id, key: bare(prekey.key) } }),
    }
    const bundle = verifySignalBundle(this.crypto, offered, offered.identityKey)
    const { identity } = this
    this.session = initiateSignalSession(this.crypto, {
      identity,
      registrationId: this.run.registrationId,
      bundle,
    })
  }

  receive(kind: string, message: Uint8Array): Uint8Array {
    const { crypto, session, identity } = this
    if (session !== null) {
      const opened = (kind === 'prekey' ? decryptSignalPrekey : decryptSignal)(crypto, session, message)
      this.session = opened.session
      return opened.plaintext
    }
    const prekeys = {
      signedPrekey: () => this.signed,
      kyberPrekey: () => this.kyber,
      prekey: (id: number) => this.prekeys.get(id),
    }
    const peer = decodePrekeyMessage(message).identityKey
    const accepted = acceptSignalSession(crypto, { identity, prekeys, message, peer })
    this.session = accepted.session
    return accepted.plaintext
  }
}

describe('vectors/signal/v1.json', () => {
  it('holds both roles, with messages that were refused', () => {
    expect(file.version).toBe(1)
    expect(file.runs.map(({ title }) => title)).toEqual(['we initiate', 'libsignal initiates'])
    for (const { steps, epochs } of file.runs) {
      expect(epochs).toBeGreaterThanOrEqual(2)
      expect(steps.filter((step) => step.do === 'refuse').length).toBeGreaterThan(3)
      expect(steps.filter((step) => step.do === 'receive').length).toBeGreaterThan(100)
    }
  })

  for (const run of file.runs) {
    it(run.title, () => {
      const replay = new Replay(run)
      for (const step of run.steps) replay.step(step)
      const session = replay.session as SignalSession
      expect(session.pqEpoch).toBe(run.epochs)
      expect(toHex(encodeSignalSession(replay.crypto, session))).toBe(run.snapshot)
      const { crypto, identity } = replay
      const us = { identifier: utf8('+14155550101'), identityKey: identity.publicKey }
      const them = { identifier: utf8('+14155550102'), identityKey: bare(run.safety.peerKey) }
      expect(safetyNumber(crypto, us, them)).toBe(run.safety.number)
    })

    it(`hostile 53: the stored session of "${run.title}" is read, and written again as it was`, () => {
      const { crypto } = new Replay(run)
      const bytes = fromHex(run.snapshot)
      expect(equalBytes(encodeSignalSession(crypto, decodeSignalSession(crypto, bytes)), bytes)).toBe(true)
    })
  }
})
