/** How a received message and an event look, in words and as JSON. spec/cli.md section 3. */
import { toHex } from '@hyphae/core'
import type { IncomingMessage, MessengerEvent } from '@hyphae/messenger'
import { indented, localTime, printableLine, readableSize } from './output.js'

/** What became of a message's file. */
export type FileFate =
  | { readonly kind: 'saved'; readonly path: string }
  /** Nobody asked for it. */
  | { readonly kind: 'left' }
  | { readonly kind: 'lost'; readonly code: string }

export function messageResult(message: IncomingMessage, fate?: FileFate): Record<string, unknown> {
  const { file, place, missing } = message
  return {
    type: 'message',
    id: message.id,
    from: message.from,
    device: message.device,
    ...(place.kind === 'group' && { group: place.group }),
    content: message.type,
    ...(message.text !== undefined && { text: message.text }),
    ...(file && {
      file: {
        name: file.name,
        mediaType: file.mediaType,
        size: file.size,
        sha256: toHex(file.root),
        ...(fate?.kind === 'saved' && { saved: fate.path }),
        ...(fate?.kind === 'lost' && { error: fate.code }),
      },
    }),
    sentAt: message.sentAt,
    receivedAt: message.receivedAt,
    redelivered: message.redelivered,
    missing,
  }
}

/** The line above a message; `groupName` when it came in a group. */
export function messageHead(message: IncomingMessage, groupName?: string): string {
  const { place, redelivered, missing } = message
  const where =
    place.kind === 'group' ? ` in ${place.group.slice(0, 8)} “${printableLine(groupName ?? '')}”` : ''
  const marks = [redelivered && 'shown before', missing.length > 0 && 'an earlier one is missing']
  const marked = marks.filter((mark) => mark !== false).join(', ')
  return `${message.from}${where}  ${localTime(message.receivedAt)}${marked && `  (${marked})`}`
}

export function messageBody(message: IncomingMessage, fate?: FileFate): string {
  const { file, text, type } = message
  if (text !== undefined) return indented(text)
  if (file === undefined) return `  [${printableLine(type)}: this command cannot show it]`
  const named = `  [file ${printableLine(file.name)}, ${readableSize(file.size)}`
  if (fate?.kind === 'saved') return `${named}, saved as ${printableLine(fate.path)}]`
  if (fate?.kind === 'lost') return `${named}, not received: ${fate.code}]`
  return `${named}, not saved: listen with --save DIR to keep files]`
}

/** A sentence for what a person wants to know of; undefined for the rest. */
export function eventSentence(event: MessengerEvent): string | undefined {
  switch (event.type) {
    case 'group-joined':
      return `You are now in the group ${event.group.slice(0, 8)} “${printableLine(event.name)}”.`
    case 'group-left':
      return `You are no longer in the group ${event.group.slice(0, 8)}.`
    case 'group-changed': {
      const added = event.added.map((account) => `+${account}`)
      const removed = event.removed.map((account) => `-${account}`)
      const changes = [...added, ...removed].join(' ')
      return `Group ${event.group.slice(0, 8)}: ${changes === '' ? 'its admins have changed' : changes}`
    }
    case 'rolled-back':
      return 'This home is an old copy. What came and went since is lost here; sessions begin anew, and groups were left.'
    case 'session':
      return event.oneTimePrekey
        ? undefined
        : `A session with ${event.account} began without a one-time prekey: its first messages are less protected.`
    default:
      return undefined
  }
}
