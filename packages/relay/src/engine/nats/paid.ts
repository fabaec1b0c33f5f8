/** A put that uses something up: counted first, for this put alone, then stored. spec/relay-engines.md section 2.3. */
import { defaultCrypto } from '@hyphae/crypto'
import { type PutOptions, refuse, type Spend, type Verdict } from '../engine.js'
import type { Documents } from './documents.js'
import { isStored, type MailboxContext, putFrame } from './mailboxes.js'
import { useUp } from './spends.js'

export interface PaidContext extends MailboxContext {
  readonly spent: Documents
}

export async function putWithSpend(
  context: PaidContext,
  box: Uint8Array,
  id: Uint8Array,
  frame: Uint8Array,
  options: PutOptions & { readonly spend: Spend },
): Promise<Verdict> {
  // A frame that another relay has stored is not paid for again.
  if (await isStored(context, box, id)) return null
  if (!(await useUp(context.spent, context.names, defaultCrypto, options.spend, box, id)))
    return refuse('ticket-spent')
  return putFrame(context, box, id, frame, options)
}
