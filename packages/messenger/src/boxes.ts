/** Mailboxes: where a session's frames go and which boxes this node reads (spec/messenger.md, Mailboxes). */
import { type BoxId, type BoxKey, boxId, utf8 } from '@hyphae/core'
import type { CryptoProvider, Ed25519PrivateKey } from '@hyphae/crypto'
import type { SessionState } from '@hyphae/ratchet'
import type { NodeContext } from './context.js'
import type { BoxRow } from './rows.js'

const TO = { initiator: utf8('hyphae box to initiator'), responder: utf8('hyphae box to responder') } as const
const SEED_BYTES = 32
const NO_SALT = new Uint8Array()

type Role = keyof typeof TO

function sessionBoxSeed(crypto: CryptoProvider, session: SessionState, to: Role): Uint8Array {
  return crypto.hkdfSha256(session.mailboxSecret, NO_SALT, TO[to], SEED_BYTES)
}

/** Seed of the box this side of the session reads. */
export function ownBoxSeed(crypto: CryptoProvider, session: SessionState): Uint8Array {
  return sessionBoxSeed(crypto, session, session.role)
}

/** The box the other side of the session reads. */
export function peerBox(crypto: CryptoProvider, session: SessionState): BoxId {
  const peer: Role = session.role === 'initiator' ? 'responder' : 'initiator'
  return boxOfSeed(crypto, sessionBoxSeed(crypto, session, peer))
}

export function boxOfSeed(crypto: CryptoProvider, seed: Uint8Array): BoxId {
  return boxId(crypto.ed25519.importSeed(seed).publicKey)
}

/** The key that proves reading of a box this node has a row for. */
export function boxKeyOf(context: NodeContext, row: BoxRow): BoxKey {
  const { crypto, self } = context
  return boxKey(crypto, row.kind === 'intro' ? self.device.introBox : crypto.ed25519.importSeed(row.seed))
}

function boxKey(crypto: CryptoProvider, key: Ed25519PrivateKey): BoxKey {
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}
