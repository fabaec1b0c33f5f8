/**
 * Which account a leaf belongs to: a credential is a device's, and several devices are one member to people.
 * Knows trees and credentials; not what an account may do.
 */
import { toHex } from '@hyphae/core'
import type { LeafNode, RatchetTree } from 'ts-mls'
import type { MlsContext } from '../context.js'
import { MlsError } from '../errors.js'
import { MAX_ACCOUNT_BYTES } from '../limits.js'
import { credentialBytes, type GroupState, leafAt, type Member, membersOf, unwrapState } from '../state.js'
import type { AccountName, LeafAccounts } from './judge.js'

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

/** The account of every leaf in the tree; each is named when it is asked for. */
export function accountsOf(ctx: MlsContext, tree: RatchetTree): LeafAccounts {
  const get = (leaf: number): AccountName | undefined => {
    const node = leafAt(tree, leaf)
    return node === null ? undefined : accountName(ctx, node)
  }
  function* all(): Iterator<readonly [number, AccountName]> {
    for (let leaf = 0; leaf * 2 < tree.length; leaf++) {
      const account = get(leaf)
      if (account !== undefined) yield [leaf, account]
    }
  }
  return { get, [Symbol.iterator]: all }
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
