// A member that commits what it likes, without a log that would keep it from it.
import { encodePrivateMessageContent } from 'ts-mls/privateMessage.js'
import { changeGroup, type GroupChanges, type GroupState } from '../../src/index.js'
import { keysFor, openMessage } from '../../src/message.js'
import { decodeEnvelope, encodeEnvelope } from '../../src/order/envelope.js'
import { tagOf } from '../../src/order/tag.js'
import { decodePrivateMessage, sealContent } from '../../src/private-message.js'
import { openState } from '../../src/state.js'
import type { Device } from '../helpers.js'

export interface EvilCommit {
  readonly state: GroupState
  readonly envelope: Uint8Array
}

/** A commit from this very state, whatever else has been committed from it. */
export async function evilCommit(
  who: Device,
  state: GroupState,
  changes: GroupChanges = {},
): Promise<EvilCommit> {
  const made = await changeGroup(who.ctx, state, changes)
  return { state: made.state, envelope: encodeEnvelope('commit', await tagOf(who.ctx, state), made.commit) }
}

/** Commits one after another. */
export async function evilChain(who: Device, state: GroupState, length: number): Promise<EvilCommit[]> {
  const chain: EvilCommit[] = []
  for (let from = state; chain.length < length; ) {
    const next = await evilCommit(who, from)
    chain.push(next)
    from = next.state
  }
  return chain
}

/** Any member has the keys to encrypt the signed commit of another once more: other bytes, the same commit. */
export async function sealAgain(who: Device, state: GroupState, envelope: Uint8Array): Promise<Uint8Array> {
  const { body, tag } = decodeEnvelope(who.ctx.crypto, envelope)
  const opened = openState(who.ctx, state)
  const { client, cs } = opened
  const message = decodePrivateMessage(body)
  const { sender, authenticated } = await openMessage(opened, keysFor(opened, message), message)
  const { content, auth } = authenticated
  if (content.contentType !== 'commit' || auth.contentType !== 'commit') throw new Error('not a commit')
  const { groupContext, keySchedule, secretTree } = client
  const sending = { groupContext, senderDataSecret: keySchedule.senderDataSecret, secretTree, leaf: sender }
  const plaintext = encodePrivateMessageContent(client.clientConfig.paddingConfig)({ ...content, auth })
  const sealed = sealContent(cs.sync, sending, 'commit', content.authenticatedData, plaintext)
  return encodeEnvelope('commit', tag, sealed.message)
}
