/**
 * Fuzz target: any bytes as the Commit that a member signs and seals, so that mutation reaches what
 * encryption and signatures keep from a stranger.
 */

import type { Commit } from 'ts-mls'
import { decodeCommit } from 'ts-mls/commit.js'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { encodePrivateMessageContent } from 'ts-mls/privateMessage.js'
import { processMessage } from '../src/index.js'
import { sealContent } from '../src/private-message.js'
import { openState } from '../src/state.js'
import { type FuzzGroup, type FuzzTarget, fuzzGroup } from './support/group.js'

const EMPTY = new Uint8Array()

async function seal({ ctx, attacker }: FuzzGroup, commit: Commit): Promise<Uint8Array> {
  const { client, cs } = openState(ctx, attacker)
  const { leafIndex } = client.privatePath
  const { framedContent, signature } = await createContentCommitSignature(
    client.groupContext,
    'mls_private_message',
    commit,
    { senderType: 'member', leafIndex },
    EMPTY,
    client.signaturePrivateKey,
    cs.signature,
  )
  const auth = { contentType: 'commit' as const, signature, confirmationTag: new Uint8Array(32) }
  const { groupContext, keySchedule, secretTree, clientConfig } = client
  const sending = {
    groupContext,
    senderDataSecret: keySchedule.senderDataSecret,
    secretTree,
    leaf: leafIndex,
  }
  const bytes = encodePrivateMessageContent(clientConfig.paddingConfig)({ ...framedContent, auth })
  return sealContent(cs.sync, sending, 'commit', EMPTY, bytes).message
}

async function attack(group: FuzzGroup, input: Uint8Array): Promise<Uint8Array | null> {
  try {
    const commit = decodeCommit(Uint8Array.from(input), 0)?.[0]
    return commit === undefined ? null : await seal(group, commit)
  } catch {
    return null
  }
}

export const target: FuzzTarget = {
  name: 'insider',
  async run(input) {
    const group = await fuzzGroup()
    const message = await attack(group, input)
    if (message !== null) await processMessage(group.ctx, group.victim, message)
  },
}
