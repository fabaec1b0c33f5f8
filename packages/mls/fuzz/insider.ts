/**
 * Fuzz target: any bytes as the Commit that a member signs and seals, so that mutation reaches what
 * encryption and signatures keep from a stranger.
 */

import type { Commit } from 'ts-mls'
import { decodeCommit } from 'ts-mls/commit.js'
import { createContentCommitSignature } from 'ts-mls/framedContent.js'
import { protect } from 'ts-mls/messageProtection.js'
import { encodeMessage } from '../src/codec.js'
import { processMessage } from '../src/index.js'
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
  const { privateMessage } = await protect(
    client.keySchedule.senderDataSecret,
    EMPTY,
    client.groupContext,
    client.secretTree,
    { ...framedContent, auth },
    leafIndex,
    client.clientConfig.paddingConfig,
    cs,
  )
  return encodeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage })
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
