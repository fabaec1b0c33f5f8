/**
 * Hostile case 53: states that were stored once are read for ever, or refused whole. The files in `vectors/snapshots/`
 * are never made again: their hashes stand here, so that whoever changes one has to say so here too.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  acceptSession,
  decodePrekeyState,
  decodeSession,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
} from '../../src/index.js'
import { postQuantum } from '../../src/pq.js'
import { decodeSignalSession, decryptSignal, encodeSignalSession, encryptSignal } from '../../src/signal.js'
import { codeOf, crypto, NOW } from '../support.js'
import {
  type Frozen,
  type FrozenPrekeys,
  type FrozenSession,
  type FrozenSignalSession,
  factsOf,
  signalFactsOf,
} from './snapshots.js'

/** SHA-256 of each file. Add a line for a new one; a changed line is a broken promise to whoever stored a session. */
const FILES: Readonly<Record<string, string>> = {
  'v1.json': '9a0564bbc3962729481337e370ec5e9e5db3b28ea3a3e6004f7899470503c521',
}

const folder = new URL('../../../../vectors/snapshots/', import.meta.url)
const read = (name: string): Buffer => readFileSync(new URL(name, folder))
const frozen = Object.keys(FILES).flatMap((name) => JSON.parse(read(name).toString()).snapshots as Frozen[])
const PQ = { pq: postQuantum }

/** As it is, the decoder takes it; cut, lengthened or of another version it refuses all of it. */
function expectWhole(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown): void {
  expect(codeOf(() => decode(bytes))).toBe('no error')
  const refused = /^ratchet\/(bad-snapshot|unsupported-version|signal-bad-snapshot)$/
  const newer = Uint8Array.from(bytes)
  // The version stands in the first byte of each; its upper half for sessions.
  newer[0] = (newer[0] as number) + 0x33
  const others = [newer, bytes.slice(0, -1), bytes.slice(0, bytes.length / 2), Uint8Array.of(...bytes, 0)]
  for (const other of others) expect(codeOf(() => decode(other))).toMatch(refused)
}

function checkSession({ bytes, suite, facts, opens }: FrozenSession): void {
  const stored = fromHex(bytes)
  const options = suite === 1 ? {} : PQ
  const session = decodeSession(crypto, stored, options)
  expect(factsOf(session)).toEqual(facts)
  expect(toHex(encodeSession(session))).toBe(bytes)
  const opened = decryptFrame(crypto, session, fromHex(opens.frame), { now: NOW })
  expect(toHex(opened?.body ?? new Uint8Array(0))).toBe(opens.body)
  const forged = fromHex(opens.frame)
  forged[100] = (forged[100] as number) ^ 1
  expect(decryptFrame(crypto, session, forged)).toBeNull()
  encryptFrame(crypto, session, { body: stored.subarray(0, 9), size: 2048 })
  expectWhole(stored, (other) => decodeSession(crypto, other, options))
}

function checkPrekeys(prekeys: FrozenPrekeys): void {
  const stored = fromHex(prekeys.bytes)
  const options = prekeys.suite === 1 ? {} : PQ
  const state = decodePrekeyState(crypto, stored, options)
  expect(state.nextId).toBe(prekeys.nextId)
  expect(state.signed.map(({ id }) => id)).toEqual(prekeys.signedIds)
  expect(state.oneTime.map(({ id }) => id)).toEqual(prekeys.oneTimeIds)
  expect(toHex(encodePrekeyState(crypto, state))).toBe(prekeys.bytes)
  const { signingSeed, agreementSecret, initiator, handshake, sessionId } = prekeys.accepts
  const accepted = acceptSession(crypto, {
    keys: {
      signing: crypto.ed25519.importSeed(fromHex(signingSeed)),
      agreement: crypto.x25519.importPrivateKey(fromHex(agreementSecret)),
    },
    prekeys: state,
    handshake: fromHex(handshake),
    peer: { signing: fromHex(initiator.signing), agreement: fromHex(initiator.agreement) },
    now: NOW,
  })
  expect(toHex(accepted.session.id)).toBe(sessionId)
  expectWhole(stored, (other) => decodePrekeyState(crypto, other, options))
}

function checkSignal({ bytes, facts, opens }: FrozenSignalSession): void {
  const stored = fromHex(bytes)
  const session = decodeSignalSession(crypto, stored)
  expect(signalFactsOf(session)).toEqual(facts)
  expect(toHex(encodeSignalSession(crypto, session))).toBe(bytes)
  if (opens !== null) {
    const { plaintext } = decryptSignal(crypto, session, fromHex(opens.message))
    expect(toHex(plaintext)).toBe(opens.plaintext)
  }
  expect(encryptSignal(crypto, session, stored.subarray(0, 9)).kind).toBe(
    facts.unacknowledged ? 'prekey' : 'message',
  )
  expectWhole(stored, (other) => decodeSignalSession(crypto, other))
}

function check(snapshot: Frozen): void {
  if (snapshot.kind === 'session') checkSession(snapshot)
  else if (snapshot.kind === 'prekeys') checkPrekeys(snapshot)
  else checkSignal(snapshot)
}

describe('hostile 53: frozen snapshots', () => {
  it('are the files that were frozen, every one of them and not a byte changed', () => {
    const names = readdirSync(folder).filter((name) => name.startsWith('v'))
    expect(names.sort()).toEqual(Object.keys(FILES).sort())
    for (const name of names) {
      expect([name, createHash('sha256').update(read(name)).digest('hex')]).toEqual([name, FILES[name]])
    }
  })

  it('hold every state that a session can be in', () => {
    const names = new Set(frozen.map(({ name }) => name))
    expect(names.size).toBe(frozen.length)
    const kinds = (kind: Frozen['kind']): number => frozen.filter((one) => one.kind === kind).length
    expect([kinds('session'), kinds('prekeys'), kinds('signal-session')]).toEqual([30, 5, 12])
  })

  it.each(frozen.map((one) => [one.kind, one.name, one] as const))('%s: %s', (_kind, _name, one) => {
    check(one)
  })
})
