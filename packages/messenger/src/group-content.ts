/** What a member says in a group, into the log of messages (spec/messenger.md section 5). Knows of no MLS. */
import { decodeMessage } from '@hyphae/content'
import { type GroupId, utf8 } from '@hyphae/core'
import type { NodeContext, Work } from './context.js'
import { type GroupBoxBody, groupBoxContent, keyPackageContent } from './control.js'
import type { GroupMember } from './credential.js'
import { learnMemberBox, noteGroupMail } from './group-boxes.js'
import { logMessage } from './log.js'
import { orRefuse } from './refuse.js'

/** Bound to every application message of a group as its AAD. */
export const GROUP_CONTENT_AAD: Uint8Array = utf8('hyphae group content')

export async function receiveGroupContent(
  context: NodeContext,
  tx: Work,
  id: GroupId,
  from: { readonly sender: GroupMember; readonly members: readonly GroupMember[] },
  content: Uint8Array,
): Promise<void> {
  const message = await orRefuse(context, tx, 'group', () => decodeMessage(context.registry, content))
  if (message === null) return
  if (message.type === groupBoxContent.type && 'body' in message)
    return learnMemberBox(context, tx, id, from, message.body as GroupBoxBody)
  // Within a session alone: in a group it would be given to all.
  if (message.type === keyPackageContent.type) return
  // What only tells of boxes is no mail: else those who have nothing to say would turn for each other's turns for ever.
  await noteGroupMail(tx, id)
  const { account, device } = from.sender
  const place = { kind: 'group', group: id } as const
  await logMessage(context, tx, { direction: 'in', place, account, device }, message)
}
