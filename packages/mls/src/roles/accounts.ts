/**
 * Which account a leaf belongs to: a credential is a device's, and several devices are one member to people.
 * Knows trees and credentials; not what an account may do.
 */
import { toHex } from '@hyphae/core'
import type { LeafNode, RatchetTree } from 'ts-mls'
import type { MlsContext } from '../context.js'
import { MlsError } from '../errors.js'
import { MAX_ACCOUNT_BYTES } from '../limits.js'
import { credentialBytes, type GroupState, type Member, membersOf, unwrapState } from '../state.js'
import type { AccountName } from './judge.js'

/** @throws MlsError `mls/bad-credential` when `accountOf` has no name for it */
export function accountOf(ctx: MlsContext, credential: Uint8Array): Uint8Array {
  const account =
    ctx.accountOf === undefined ? ctx.crypto.sha256(credential) : ctx.accountOf(credential.slice())
  if (account === null || account.length === 0 || account.length > MAX_ACCOUNT_BYTES)
    throw new MlsError('mls/bad-credential')
  return account
}

export function accountName(ctx: MlsContext, leaf: LeafNode): AccountName {
  return toHex(accountOf(ctx, credentialBytes(leaf)))
}

/** The account of every leaf in the tree. */
export function accountsOf(ctx: MlsContext, tree: RatchetTree): Map<number, AccountName> {
  const found = new Map<number, AccountName>()
  for (const [index, node] of tree.entries())
    if (node?.nodeType === 'leaf') found.set(index / 2, accountName(ctx, node.leaf))
  return found
}

/** One member as people see it: an account with its devices. */
export interface AccountMember {
  readonly account: Uint8Array
  /** In the order of their leaves. */
  readonly devices: readonly Member[]
}

/** The members of the group as accounts, in the order of their first leaves. @throws MlsError `mls/bad-credential` */
export function accounts(ctx: MlsContext, state: GroupState): AccountMember[] {
  const found = new Map<AccountName, { account: Uint8Array; devices: Member[] }>()
  for (const device of membersOf(unwrapState(state).ratchetTree)) {
    const account = accountOf(ctx, device.credential)
    const known = found.get(toHex(account)) ?? { account, devices: [] }
    known.devices.push(device)
    found.set(toHex(account), known)
  }
  return [...found.values()]
}
