// A member that does not keep to the rules: it drives ts-mls directly with the state of an honest one.
import type { Proposal } from 'ts-mls'
import { createCommit } from 'ts-mls/createCommit.js'
import { createProposal } from 'ts-mls/createMessage.js'
import { encodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { decodeKeyPackage } from '../src/key-package.js'
import { type GroupState, type Opened, openState, wrapState } from '../src/state.js'
import type { Device } from './helpers.js'

export const raw = (who: Device, state: GroupState): Opened => openState(who.ctx, state)

export interface Attack {
  readonly message: Uint8Array
  readonly welcome: Uint8Array | undefined
  readonly state: GroupState
}

/** Whatever ts-mls is willing to commit. */
export async function rawCommit(
  who: Device,
  state: GroupState,
  proposals: Proposal[],
  asPublic = false,
): Promise<Attack> {
  const { client, cs } = raw(who, state)
  const made = await createCommit(
    { state: client, cipherSuite: cs },
    { extraProposals: proposals, ratchetTreeExtension: true, wireAsPublicMessage: asPublic },
  )
  const { welcome } = made
  return {
    message: encodeMlsMessage(made.commit),
    welcome: welcome && encodeMlsMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }),
    state: wrapState(made.newState),
  }
}

export async function rawProposal(who: Device, state: GroupState, proposal: Proposal): Promise<Attack> {
  const { client, cs } = raw(who, state)
  const made = await createProposal(client, false, proposal, cs)
  return {
    message: encodeMlsMessage(made.message as MLSMessage),
    welcome: undefined,
    state: wrapState(made.newState),
  }
}

export const add = (keyPackage: Uint8Array): Proposal => ({
  proposalType: 'add',
  add: { keyPackage: decodeKeyPackage(keyPackage) },
})

export const remove = (removed: number): Proposal => ({ proposalType: 'remove', remove: { removed } })

export const extensions = (type: number): Proposal => ({
  proposalType: 'group_context_extensions',
  groupContextExtensions: { extensions: [{ extensionType: type, extensionData: new Uint8Array() }] },
})
