/**
 * Handles: names that resolvers turn into accounts, pinned at first use.
 *
 * A resolver only proposes signed records. Once a handle is pinned, another account for it is not used until the
 * person approves it: the old pin stays, and nothing is sent by that handle meanwhile.
 */
import { type AccountId, equalBytes, type IoOptions, type Resolver } from '@hyphae/core'
import {
  accountId,
  accountKey,
  approvePin,
  checkPin,
  decodeIdentityRecord,
  decodePin,
  encodeIdentityRecord,
  encodePin,
  type IdentityRecord,
  keepPin,
  normalizeHandle,
  type Pin,
  resolveHandle as proposeRecord,
  verifyIdentityRecord,
} from '@hyphae/identity'
import { type NodeContext, transact } from './context.js'
import { MessengerError } from './errors.js'
import { codeOf } from './outbox.js'
import { handlesTable } from './rows.js'

export interface HandleState {
  /** The account the handle is pinned to. */
  readonly account: AccountId
  /** The account that a resolver names instead, while nobody has decided. */
  readonly proposed: AccountId | undefined
}

/**
 * The account a handle is pinned to, pinning it at first use.
 * @throws MessengerError `messenger/unknown-handle`, `messenger/identity-changed`
 */
export async function resolveHandle(
  context: NodeContext,
  resolvers: readonly Resolver[],
  name: string,
  options?: IoOptions,
): Promise<AccountId> {
  const handle = normalizeHandle(name)
  const record = await firstProposal(context, resolvers, handle, options)
  const pin = await transact(context, async (tx) => {
    const row = await handlesTable.get(tx, handle)
    const known = row && decodePin(row.pin)
    if (record === undefined) return known
    const checked = checkPin(context.crypto, known, record, { now: context.clock.now(), handle })
    const proposal =
      checked.verdict === 'changed' ? encodeIdentityRecord(record) : (row?.proposal ?? new Uint8Array())
    handlesTable.put(tx, { pin: encodePin(checked.pin), proposal }, handle)
    return checked.pin
  })
  // Thrown after the commit: what was proposed must be there to be shown and approved.
  if (pin === undefined) throw new MessengerError('messenger/unknown-handle')
  if (!pin.approved) throw new MessengerError('messenger/identity-changed')
  return accountId(pin.account)
}

async function firstProposal(
  context: NodeContext,
  resolvers: readonly Resolver[],
  handle: string,
  options?: IoOptions,
): Promise<IdentityRecord | undefined> {
  for (const resolver of resolvers) {
    try {
      const record = await proposeRecord(context.crypto, resolver, handle, options)
      if (record !== null) return record
    } catch (error) {
      context.logger.warn('handles: a resolver failed', { resolver: resolver.name, code: codeOf(error) })
    }
  }
  return undefined
}

/** The pin and what is proposed instead, for a person to compare; undefined when the handle was never used. */
export async function handleState(context: NodeContext, name: string): Promise<HandleState | undefined> {
  const row = await handlesTable.get(context.store, normalizeHandle(name))
  if (row === undefined) return undefined
  const pin = decodePin(row.pin)
  return {
    account: accountId(pin.account),
    proposed: pin.pending === undefined ? undefined : accountId(pin.pending.account),
  }
}

/**
 * Decides about a changed handle: `account` is the proposed one, which moves the pin, or the pinned one, which keeps it.
 * @throws MessengerError `messenger/unknown-handle` when it is neither
 */
export async function approveHandle(context: NodeContext, name: string, account: AccountId): Promise<void> {
  const handle = normalizeHandle(name)
  await transact(context, async (tx) => {
    const row = await handlesTable.get(tx, handle)
    const pin = row && decodePin(row.pin)
    if (row === undefined || pin === undefined) throw new MessengerError('messenger/unknown-handle')
    const decided = decide(context, pin, row.proposal, accountKey(account))
    handlesTable.put(tx, { pin: encodePin(decided), proposal: new Uint8Array() }, handle)
  })
}

function decide(context: NodeContext, pin: Pin, proposal: Uint8Array, account: Uint8Array): Pin {
  if (equalBytes(pin.account, account)) return keepPin(pin)
  if (pin.pending === undefined || !equalBytes(pin.pending.account, account)) {
    throw new MessengerError('messenger/unknown-handle')
  }
  const record = verifyIdentityRecord(context.crypto, decodeIdentityRecord(proposal), account)
  return approvePin(context.crypto, pin, record, { now: context.clock.now() })
}
