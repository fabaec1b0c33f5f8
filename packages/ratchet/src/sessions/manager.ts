/**
 * The session manager: everything between a store and the pure state machine (spec/session.md, sections 11 to 17).
 *
 * It knows no account, network or carrier. Devices have names that the caller gives them, certificates are the
 * caller's to verify, and every operation works in a transaction that the caller may add rows of its own to.
 */
import type { Clock, Store, StoreReader } from '@hyphae/core'
import type { SessionCrypto } from '@hyphae/crypto'
import type { DeviceKeys, PeerKeys } from '../device-keys.js'
import type { EncryptInput } from '../encrypt.js'
import type { PostQuantum } from '../post-quantum.js'
import type { SessionState } from '../session.js'
import { type Accepted, type AcceptInput, accept } from './accept.js'
import { type BeginInput, type Begun, begin, type Need, needOf } from './begin.js'
import { checkArchived, type OneTimePolicy, type SessionsContext } from './context.js'
import { forgetDevice, type SessionSummary, sessionsOf, sweep } from './device-sessions.js'
import { type Gate, openGate } from './gate.js'
import { approveIdentity, pinOf } from './identity.js'
import type { SessionsStatus } from './ledger.js'
import { MAX_ARCHIVED_SESSIONS } from './limits.js'
import { decrypt, type Encrypted, encrypt, type FrameInput, type Opened } from './messages.js'
import { readMeta } from './meta-row.js'
import {
  currentLastResort,
  type IssuedPrekeys,
  issuePrekeys,
  type PrekeyStatus,
  prekeyStatus,
  renewPrekeys,
  rotatePrekeys,
} from './prekeys.js'
import { createSessionBook } from './session-book.js'
import { tablesOf } from './tables.js'
import type { SessionTransaction } from './transaction.js'
import type { Witness } from './witness.js'

export interface SessionsOptions {
  readonly store: Store
  readonly crypto: SessionCrypto
  readonly clock: Pick<Clock, 'now'>
  /** Of this device. */
  readonly keys: DeviceKeys
  /** Given: prekeys are post-quantum, and classic bundles are refused unless `allowClassic`. */
  readonly pq?: PostQuantum
  readonly allowClassic?: boolean
  readonly requireOneTime?: OneTimePolicy
  /** Tells a restored copy of the store from the newest. */
  readonly witness?: Witness
  /** Names of the manager's tables begin with it and a hyphen; `ratchet` unless given. */
  readonly prefix?: string
  /** Sessions with one device that are kept to receive, 1 to MAX_ARCHIVED_SESSIONS, which is the default. */
  readonly maxArchived?: number
}

export interface Recovery {
  /** Generations that the store had lost. */
  readonly lost: number
}

/** Every method that takes a transaction may throw SessionsError `ratchet/conflict` and `ratchet/rolled-back`. */
export interface Sessions {
  /** `rolled-back`: nothing works but `recover`. */
  status(): SessionsStatus
  /**
   * Runs `work` in a transaction of the store. When the promise resolves, all writes are durable and witnessed, and
   * the effects given to `after` have run: only now may anything leave.
   * @throws SessionsError `ratchet/witness-failed`: the writes are durable, but nothing may leave yet
   */
  transact<T>(work: (tx: SessionTransaction) => Promise<T> | T): Promise<T>
  /** After a conflict: goes on from what is stored now. */
  reload(): Promise<void>
  /** After a rollback: all sessions only receive from now on, and all prekeys are made anew. */
  recover(): Promise<Recovery>

  /** Whether a new session with the device is wanted, and when it may be begun. */
  need(reader: StoreReader, device: string): Promise<Need>
  /**
   * Begins a session from a verified bundle; it is the one that sends from now on.
   * @throws SessionsError `ratchet/identity-changed`, `ratchet/too-soon`, `ratchet/one-time-required`, and
   * RatchetError as `initiateSession`
   */
  begin(tx: SessionTransaction, input: BeginInput): Promise<Begun>
  /**
   * Accepts a handshake. Nothing is written unless it verifies.
   * @throws SessionsError `ratchet/identity-changed`, `ratchet/replayed`, `ratchet/too-many-handshakes`,
   * `ratchet/one-time-required`, and RatchetError as `acceptSession`
   */
  accept(tx: SessionTransaction, input: AcceptInput): Promise<Accepted>
  /**
   * Seals one message in the session that sends.
   * @throws SessionsError `ratchet/no-session`, and RatchetError as `encryptFrame`
   */
  encrypt(tx: SessionTransaction, device: string, input: EncryptInput): Promise<Encrypted>
  /**
   * Opens a frame. Null when it opens in no session: unknown, repeated or not authentic; nothing is written then.
   * @throws RatchetError `ratchet/bad-frame`
   */
  decrypt(tx: SessionTransaction, input: FrameInput): Promise<Opened | null>

  /** The keys a device is known by. */
  identity(reader: StoreReader, device: string): Promise<PeerKeys | undefined>
  /** Takes other keys for a device: sessions with the old ones only receive from now on. */
  approveIdentity(tx: SessionTransaction, device: string, keys: PeerKeys): Promise<void>
  /** The sessions with a device, the one that sends first. */
  list(reader: StoreReader, device: string): Promise<SessionSummary[]>
  /** Drops all sessions with a device, and its pinned identity. */
  forget(tx: SessionTransaction, device: string): Promise<readonly SessionState[]>
  /** Counts a transaction that only has rows of the caller's own: to lose it is a rollback too. */
  count(tx: SessionTransaction): Promise<void>
  /** Drops sessions whose time is over. */
  sweep(tx: SessionTransaction): Promise<readonly SessionState[]>

  prekeys(reader: StoreReader): Promise<PrekeyStatus>
  /** Makes a new signed prekey when there is none or it is a week old; true when it did. */
  rotatePrekeys(tx: SessionTransaction): Promise<boolean>
  /** Makes one-time prekeys, 100 unless told otherwise, and their bundles. Upload them after the transaction. */
  issuePrekeys(tx: SessionTransaction, count?: number): Promise<IssuedPrekeys>
  /**
   * The bundle without a one-time prekey, the same bytes until the next rotation: for whoever shall be able to begin
   * a session without asking for a bundle. Undefined before the first `rotatePrekeys`.
   */
  lastResort(reader: StoreReader): Promise<Uint8Array | undefined>
}

/**
 * Opens the sessions kept in a store. Check `status` first.
 * @throws SessionsError `ratchet/witness-failed`; RatchetError `ratchet/bad-snapshot`, `ratchet/bad-argument`
 */
export async function openSessions(options: SessionsOptions): Promise<Sessions> {
  const { store, crypto, witness } = options
  const tables = tablesOf(options.prefix ?? 'ratchet')
  const pq = options.pq === undefined ? {} : { pq: options.pq }
  const gate = await openGate({ store, crypto, tables, witness })
  return facade({
    crypto,
    clock: options.clock,
    keys: options.keys,
    pq,
    allowClassic: options.allowClassic ?? false,
    requireOneTime: options.requireOneTime ?? {},
    maxArchived: checkArchived(options.maxArchived ?? MAX_ARCHIVED_SESSIONS),
    tables,
    gate,
    book: createSessionBook({ crypto, pq, tables }),
  })
}

function facade(context: SessionsContext): Sessions {
  const { book, gate, tables } = context
  return {
    status: gate.status,
    transact: gate.transact,
    reload: () => {
      book.forgetTags()
      return gate.reload()
    },
    recover: () => recover(context, gate),
    need: async (reader, device) => {
      const meta = await readMeta(reader, tables)
      const floor = gate.status() === 'rolled-back' ? Number.POSITIVE_INFINITY : meta.floor
      return needOf(context, reader, { floor }, device)
    },
    begin: (tx, input) => begin(context, tx, input),
    accept: (tx, input) => accept(context, tx, input),
    encrypt: (tx, device, input) => encrypt(context, tx, device, input),
    decrypt: (tx, input) => decrypt(context, tx, input),
    identity: (reader, device) => pinOf(context, reader, device),
    approveIdentity: (tx, device, keys) => approveIdentity(context, tx, device, keys),
    list: (reader, device) => sessionsOf(context, reader, device),
    forget: (tx, device) => forgetDevice(context, tx, device),
    count: async (tx) => {
      await gate.check(tx)
      gate.touch(tx)
    },
    sweep: (tx) => sweep(context, tx),
    prekeys: (reader) => prekeyStatus(context, reader),
    rotatePrekeys: (tx) => rotatePrekeys(context, tx),
    issuePrekeys: (tx, count) => issuePrekeys(context, tx, count),
    lastResort: (reader) => currentLastResort(context, reader),
  }
}

async function recover(context: SessionsContext, gate: Gate): Promise<Recovery> {
  if (gate.status() === 'ready') return { lost: 0 }
  context.book.forgetTags()
  const lost = await gate.reopen((tx, gone) => renewPrekeys(context, tx, gone))
  return { lost }
}
