/**
 * The sessions of a node, opened on its store; and what a node does when that store turns out to be an old copy
 * (spec/messenger.md section 4).
 *
 * Whatever left after the copy was made is not in it. So nothing of it is used to encrypt again: its sessions only
 * receive, its groups are left, what the directories have is replaced, and everyone it knew gets a new session.
 */
import type { Clock, Store, StoreTransaction } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { postQuantum } from '@hyphae/ratchet/pq'
import { openSessions, type Sessions, type Witness } from '@hyphae/ratchet/sessions'
import type { Self } from './context.js'
import {
  earlyFramesTable,
  groupEpochsTable,
  groupHeardTable,
  groupLogTable,
  groupSentTable,
  groupsTable,
  groupTurnsTable,
  invitesTable,
} from './group-rows.js'
import { boxesTable, keyPackagesTable, owedTable, selfTable } from './rows.js'
import { skipNumbers } from './table.js'

export interface NodeSessionsOptions {
  readonly store: Store
  readonly crypto: CryptoProvider
  readonly clock: Clock
  readonly self: Self
  readonly requireOneTimePrekeys: boolean
  readonly witness?: Witness | undefined
}

export interface NodeSessions {
  readonly sessions: Sessions
  /** The store is an old copy, and no more is used of it than may be. */
  readonly rolledBack: boolean
}

/** @throws SessionsError `ratchet/witness-failed`; RatchetError; StoreError */
export async function openNodeSessions(options: NodeSessionsOptions): Promise<NodeSessions> {
  const { store, crypto, clock, self, requireOneTimePrekeys, witness } = options
  const sessions = await openSessions({
    store,
    crypto,
    clock,
    keys: self.device,
    pq: postQuantum,
    requireOneTime: { begin: requireOneTimePrekeys, accept: requireOneTimePrekeys },
    ...(witness && { witness }),
  })
  const rolledBack = sessions.status() === 'rolled-back'
  if (rolledBack) {
    // First, so that a crash between the two finds the copy again.
    await store.transact((tx) => distrustCopy(tx, clock.now()))
    await sessions.recover()
  }
  return { sessions, rolledBack }
}

async function distrustCopy(tx: StoreTransaction, now: number): Promise<void> {
  const self = await selfTable.get(tx)
  if (self !== undefined) selfTable.put(tx, { ...self, restock: 'all' })
  // More than were ever published: directories refuse what is not newer.
  await skipNumbers(tx, 'record', now)
  await skipNumbers(tx, 'stock', now)
  for (const { parts } of await keyPackagesTable.list(tx, [])) keyPackagesTable.delete(tx, ...parts)
  for (const { parts, row } of await groupsTable.list(tx, []))
    groupsTable.put(
      tx,
      { ...row, active: false, removedAt: 0, restless: false, inviting: false, stalledAt: 0 },
      ...parts,
    )
  for (const table of [groupLogTable, groupEpochsTable, groupHeardTable, groupSentTable, earlyFramesTable])
    for (const { parts } of await table.list(tx, [])) table.delete(tx, ...parts)
  for (const { parts } of await invitesTable.list(tx, [])) invitesTable.delete(tx, ...parts)
  for (const { parts } of await groupTurnsTable.list(tx, [])) groupTurnsTable.delete(tx, ...parts)
  for (const { parts, row } of await boxesTable.list(tx, [])) {
    if (row.kind === 'group') boxesTable.delete(tx, ...parts)
    if (row.kind === 'session') {
      const { account, device } = row
      const ids = (await owedTable.get(tx, device))?.ids ?? []
      owedTable.put(tx, { account, ids }, device)
    }
  }
}
