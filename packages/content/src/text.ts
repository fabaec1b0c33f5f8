/** Built-in type 1, `text`: what a person wrote. spec/content.md section 5. Wire: [text] or [text, replyTo]. */
import { idBytes, MAX_TEXT_CHARACTERS, type MessageId } from '@hyphae/core'
import * as v from 'valibot'
import { isMessageIdText, messageIdOrNull } from './id.js'
import { type ContentType, defineContent } from './type.js'

export interface TextBody {
  /** At most 10,000 characters (Unicode code points). */
  readonly text: string
  /** The message this one answers. */
  readonly replyTo?: MessageId
}

/** Unicode code points, the same count in every language. */
export function countCharacters(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++
  return count
}

const isShortEnough = (text: string): boolean =>
  text.length <= 2 * MAX_TEXT_CHARACTERS && countCharacters(text) <= MAX_TEXT_CHARACTERS

export const textContent: ContentType<'text', TextBody> = defineContent({
  type: 'text',
  number: 1,
  schema: v.strictObject({
    text: v.pipe(v.string(), v.check(isShortEnough)),
    replyTo: v.exactOptional(v.custom<MessageId>(isMessageIdText)),
  }),
  pack: (body) => (body.replyTo === undefined ? [body.text] : [body.text, idBytes(body.replyTo)]),
  unpack: (wire) => {
    if (!Array.isArray(wire) || wire.length > 2) return null
    const [text, replyTo]: unknown[] = wire
    return wire.length < 2 ? { text } : { text, replyTo: messageIdOrNull(replyTo) }
  },
})
