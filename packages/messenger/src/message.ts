/** New messages of this node. */
import type { Message } from '@hyphae/content'
import { MESSAGE_ID_BYTES, type MessageId, messageId } from '@hyphae/core'
import type { NodeContext } from './context.js'

export function newMessage(
  context: NodeContext,
  type: string,
  body: unknown,
  parents: readonly MessageId[],
): Message {
  return {
    type,
    id: messageId(context.crypto.randomBytes(MESSAGE_ID_BYTES)),
    parents,
    sentAt: context.clock.now(),
    body,
  }
}
