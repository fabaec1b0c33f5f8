/** Built-in type 3, `receipt`: these messages arrived, or were read. spec/content.md section 5. Wire: [kind, ids]. */
import { concatBytes, idBytes, MESSAGE_ID_BYTES, type MessageId } from '@hyphae/core'
import * as v from 'valibot'
import { areDistinct, isMessageIdText, splitIds } from './id.js'
import { MAX_RECEIPT_IDS } from './limits.js'
import { type ContentType, defineContent } from './type.js'

export interface ReceiptBody {
  readonly kind: 'delivered' | 'read'
  /** 1 to 64 different ids. */
  readonly ids: readonly MessageId[]
}

const KINDS = ['delivered', 'read'] as const

export const receiptContent: ContentType<'receipt', ReceiptBody> = defineContent({
  type: 'receipt',
  number: 3,
  schema: v.strictObject({
    kind: v.picklist(KINDS),
    ids: v.pipe(
      v.array(v.custom<MessageId>(isMessageIdText)),
      v.minLength(1),
      v.maxLength(MAX_RECEIPT_IDS),
      v.check((ids) => areDistinct(ids)),
    ),
  }),
  pack: (body) => [KINDS.indexOf(body.kind) + 1, concatBytes(...body.ids.map(idBytes))],
  unpack: (wire) => {
    if (!Array.isArray(wire) || wire.length !== 2) return null
    const [kind, ids]: unknown[] = wire
    if (!(ids instanceof Uint8Array) || ids.length % MESSAGE_ID_BYTES !== 0) return null
    if (ids.length > MAX_RECEIPT_IDS * MESSAGE_ID_BYTES) return null
    return { kind: typeof kind === 'number' ? KINDS[kind - 1] : null, ids: splitIds(ids) }
  },
})
