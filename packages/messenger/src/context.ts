/** What every part of one node shares, and the transaction that each event runs in. */

import type { Registry } from '@hyphae/content'
import {
  type AccountId,
  type Blobs,
  type BucketMailbox,
  type Carrier,
  type Clock,
  type DeviceId,
  type Directory,
  isHyphaeError,
  type Logger,
  type Mailbox,
  type Store,
} from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { AccountKeys, DeviceCertificate, DeviceKeySet } from '@hyphae/identity'
import { isSessionsFault, type Sessions, type SessionTransaction } from '@hyphae/ratchet/sessions'
import { MessengerError } from './errors.js'
import type { MessengerEvent } from './events.js'
import type { Signal } from './signal.js'

/**
 * `standard`: every message in a 2,048-byte frame, to boxes that change. `strict`: besides, boxes are read by their
 * buckets, over two hops, and cover traffic goes out. `thin`: the smallest frame that holds it, no change of boxes.
 */
export type PrivacyMode = 'standard' | 'strict' | 'thin'

export interface Self {
  readonly account: AccountKeys
  readonly accountId: AccountId
  readonly device: DeviceKeySet
  readonly deviceId: DeviceId
  readonly certificate: DeviceCertificate
  readonly certificateBytes: Uint8Array
  /** Names this account claims in its record; a resolver's answer counts only if they stand there. */
  readonly handles: readonly string[]
}

/** One carrier that is read by its buckets. */
export interface BucketSource {
  /** Kept with the place on disk: the same at every start. */
  readonly name: string
  readonly buckets: BucketMailbox
}

export interface NodeContext {
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly logger: Logger
  readonly store: Store
  readonly registry: Registry
  /** All carriers as one. */
  readonly carrier: Carrier
  /** Each carrier's own directory: one-time items are stocked in each apart, so that none is handed out twice. */
  readonly directories: readonly Directory[]
  /** Another one after the intro box was made anew. */
  self: Self
  /** Its transactions are those of the node: each is witnessed before its effects run. */
  readonly sessions: Sessions
  /** No session is begun or accepted without a one-time prekey. */
  readonly requireOneTimePrekeys: boolean
  readonly mode: PrivacyMode
  /** Frames leave in slots and not at once. */
  readonly paced: boolean
  /** Carriers that are read by their buckets; none unless the mode is strict. */
  readonly buckets: readonly BucketSource[]
  /** Fires when the node closes. */
  readonly closing: AbortSignal
  readonly signals: {
    readonly outbox: Signal
    readonly stored: Signal
    readonly log: Signal
    readonly boxes: Signal
    readonly upkeep: Signal
    readonly groups: Signal
  }
  readonly emit: (event: MessengerEvent) => void
}

/** A store transaction with what shall happen once it is durable. */
export type Work = SessionTransaction

/** Runs one event: all its writes are durable together, then its effects run; or nothing happened. */
export function transact<T>(context: NodeContext, work: (tx: Work) => Promise<T>): Promise<T> {
  return context.sessions.transact(work)
}

/**
 * Runs the event of a piece of outside input. Returns the code of its refusal, with nothing written, when the input
 * is to blame; rejects when this node's store is, so that the input is tried again.
 */
export async function transactInput(
  context: NodeContext,
  work: (tx: Work) => Promise<void>,
): Promise<string | undefined> {
  let blame: 'input' | 'store' = 'store'
  try {
    await transact(context, async (tx) => {
      blame = 'input'
      const own = async <T>(reading: Promise<T>): Promise<T> => {
        blame = 'store'
        const value = await reading
        blame = 'input'
        return value
      }
      await work({
        ...tx,
        get: (key) => own(tx.get(key)),
        list: (prefix, options) => own(tx.list(prefix, options)),
      })
      blame = 'store'
    })
    return undefined
  } catch (error) {
    const damaged = isHyphaeError(error, 'messenger/bad-row') || isSessionsFault(error)
    if ((blame as string) === 'store' || damaged || !isHyphaeError(error)) throw error
    return error.code
  }
}

export function mailboxOf(context: NodeContext): Mailbox {
  if (context.carrier.mailbox === undefined)
    throw new MessengerError('messenger/no-transport', { details: { needs: 'mailbox' } })
  return context.carrier.mailbox
}

export function directoryOf(context: NodeContext): Directory {
  if (context.carrier.directory === undefined)
    throw new MessengerError('messenger/no-transport', { details: { needs: 'directory' } })
  return context.carrier.directory
}

export function blobsOf(context: NodeContext): Blobs {
  if (context.carrier.blobs === undefined)
    throw new MessengerError('messenger/no-transport', { details: { needs: 'blobs' } })
  return context.carrier.blobs
}
