/**
 * A session in storage (spec/signal.md, "Snapshot"). It holds secrets in clear: seal it before it is written. The
 * decoder takes what the encoder writes and nothing else.
 */
import { equalBytes, plainBytes } from '@hyphae/core'
import {
  type CryptoProvider,
  isCanonicalX25519,
  isSmallOrderX25519,
  type X25519PrivateKey,
} from '@hyphae/crypto'
import { type StateReader, type StateWriter, stateReader, stateWriter } from './codec.js'
import { KYBER_PUBLIC_BYTES } from './kyber.js'
import {
  SIGNAL_MAX_COUNTER,
  SIGNAL_MAX_RECEIVING_CHAINS,
  SIGNAL_MAX_SKIPPED,
  SIGNAL_MAX_SNAPSHOT_BYTES,
} from './limits.js'
import { readPqRatchet, writePqRatchet } from './pq/snapshot.js'
import {
  coreOf,
  type PendingHandshake,
  type ReceivingChain,
  type SendingChain,
  type SignalSession,
  sessionOf,
} from './session.js'

const VERSION = 1
const KEY_BYTES = 32
const MAX_U32 = 0xffff_ffff

/** Secret bytes. */
export function encodeSignalSession(crypto: CryptoProvider, session: SignalSession): Uint8Array {
  const { local, peer, baseKey, pending, rootKey, sending, receiving, pq } = coreOf(session)
  const writer = stateWriter().number(VERSION).fixed(local).fixed(peer).fixed(baseKey).fixed(rootKey)
  writer.list(pending === null ? [] : [pending], (each) => writePending(writer, each))
  const { ratchetKey, chainKey, counter, previousCounter } = sending
  writer.fixed(crypto.x25519.exportPrivateKey(ratchetKey)).fixed(ratchetKey.publicKey).fixed(chainKey)
  writer.number(counter).number(previousCounter)
  writer.list(receiving, (chain) => {
    writer.fixed(chain.ratchetKey).fixed(chain.chainKey).number(chain.counter)
    writer.list(chain.skipped, (skipped) => writer.number(skipped.counter).fixed(skipped.seed))
  })
  writePqRatchet(writer, pq)
  return writer.done()
}

/** @throws SignalError `ratchet/signal-bad-snapshot` */
export function decodeSignalSession(crypto: CryptoProvider, snapshot: Uint8Array): SignalSession {
  const reader = stateReader(plainBytes(snapshot))
  if (snapshot.length > SIGNAL_MAX_SNAPSHOT_BYTES || reader.number(VERSION) !== VERSION)
    throw reader.bad('version')
  const publicKey = (): Uint8Array => readPublicKey(reader)
  const [local, peer, baseKey] = [publicKey(), publicKey(), publicKey()]
  const rootKey = reader.fixed(KEY_BYTES)
  const pending = reader.list(1, () => readPending(reader))[0] ?? null
  const sending = readSending(crypto, reader)
  const receiving = reader.list(SIGNAL_MAX_RECEIVING_CHAINS, () => readReceiving(reader))
  const pq = readPqRatchet(reader)
  reader.end()
  return sessionOf({ local, peer, baseKey, rootKey, pending, sending, receiving, pq })
}

function readPublicKey(reader: StateReader): Uint8Array {
  const key = reader.fixed(KEY_BYTES)
  if (!isCanonicalX25519(key) || isSmallOrderX25519(key)) throw reader.bad('key')
  return key
}

function writePending(writer: StateWriter, pending: PendingHandshake): void {
  const { registrationId, prekeyId, signedPrekeyId, kyberPrekeyId, kyberCiphertext } = pending
  writer.number(registrationId).list(prekeyId === undefined ? [] : [prekeyId], writer.number)
  writer.number(signedPrekeyId).number(kyberPrekeyId).fixed(kyberCiphertext)
}

function readPending(reader: StateReader): PendingHandshake {
  const id = (): number => reader.number(MAX_U32)
  const registrationId = id()
  const prekeyId = reader.list(1, id)[0]
  const [signedPrekeyId, kyberPrekeyId] = [id(), id()]
  const kyberCiphertext = reader.fixed(KYBER_PUBLIC_BYTES)
  return { registrationId, prekeyId, signedPrekeyId, kyberPrekeyId, kyberCiphertext }
}

function readSending(crypto: CryptoProvider, reader: StateReader): SendingChain {
  const ratchetKey: X25519PrivateKey = crypto.x25519.importPrivateKey(reader.fixed(KEY_BYTES))
  if (!equalBytes(ratchetKey.publicKey, reader.fixed(KEY_BYTES))) throw reader.bad('ratchet key')
  const chainKey = reader.fixed(KEY_BYTES)
  const counter = reader.number(SIGNAL_MAX_COUNTER)
  return { ratchetKey, chainKey, counter, previousCounter: reader.number(SIGNAL_MAX_COUNTER) }
}

function readReceiving(reader: StateReader): ReceivingChain {
  const ratchetKey = readPublicKey(reader)
  const chainKey = reader.fixed(KEY_BYTES)
  const counter = reader.number(SIGNAL_MAX_COUNTER + 1)
  let next = 0
  const skipped = reader.list(SIGNAL_MAX_SKIPPED, () => {
    const number = reader.number(SIGNAL_MAX_COUNTER)
    if (number < next || number >= counter) throw reader.bad('skipped')
    next = number + 1
    return { counter: number, seed: reader.fixed(KEY_BYTES) }
  })
  return { ratchetKey, chainKey, counter, skipped }
}
