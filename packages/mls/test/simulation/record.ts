// What a device writes down of the effects of one step.
import { equalBytes } from '@hyphae/core'
import type { Effect, OrderEvent } from '../../src/order/effect.js'
import type { GroupLog } from '../../src/order/log.js'
import { string } from '../helpers.js'
import type { Durable, Shown } from './durable.js'
import type { Mail, MailKind } from './post.js'

const COMMIT = 2

const kindOf = (envelope: Uint8Array): MailKind => (envelope[1] === COMMIT ? 'commit' : 'other')

function withEvent(durable: Durable, event: OrderEvent, own: Omit<Shown, 'id'> | null): Durable {
  switch (event.kind) {
    case 'message': {
      const { id, plaintext, sender } = event
      const one = { id, words: string(plaintext), sender: string(sender.credential) }
      return { ...durable, shown: [...durable.shown, one] }
    }
    case 'sent':
      return own === null ? durable : { ...durable, said: [...durable.said, { id: event.id, ...own }] }
    case 'refused':
      return { ...durable, missed: [...durable.missed, { id: event.id, why: event.code }] }
    case 'late':
    case 'overflow':
      return { ...durable, missed: [...durable.missed, { id: event.id, why: event.kind }] }
    case 'removed':
      return { ...durable, removals: durable.removals + 1 }
    default:
      return durable
  }
}

export interface Addressing {
  readonly name: string
  /** Everybody but this device. */
  others(): readonly string[]
  nameOf(signatureKey: Uint8Array): string | undefined
}

function withMail(
  durable: Durable,
  { name }: Addressing,
  kind: MailKind,
  bytes: Uint8Array,
  to: readonly string[],
): Durable {
  if (to.length === 0) return durable
  const mail: Mail = { id: `${name}.${durable.mails}`, kind, bytes, to }
  return { ...durable, mails: durable.mails + 1, outbox: [...durable.outbox, mail] }
}

/** What a log that resumes asks for once more is mostly still in the outbox. */
export function isUnderway(durable: Durable, effect: Effect): boolean {
  const bytes = effect.kind === 'send' ? effect.envelope : effect.kind === 'welcome' ? effect.welcome : null
  return bytes !== null && durable.outbox.some((mail) => equalBytes(mail.bytes, bytes))
}

/** The next durable value: the log, what it shows, and the mail that is to leave. */
export function record(
  before: Durable,
  log: GroupLog,
  effects: readonly Effect[],
  addressing: Addressing,
  own: Omit<Shown, 'id'> | null,
): Durable {
  let after: Durable = { ...before, log }
  for (const effect of effects) {
    if (effect.kind === 'event') after = withEvent(after, effect.event, own)
    if (effect.kind === 'send')
      after = withMail(after, addressing, kindOf(effect.envelope), effect.envelope, addressing.others())
    if (effect.kind !== 'welcome') continue
    const invited = effect.members.flatMap(({ signatureKey }) => addressing.nameOf(signatureKey) ?? [])
    after = withMail(after, addressing, 'welcome', effect.welcome, invited)
  }
  return after
}

/** Mail that the villain writes without asking its log. */
export function withSmuggled(
  before: Durable,
  addressing: Addressing,
  kind: MailKind,
  bytes: Uint8Array,
  to: readonly string[],
): Durable {
  return withMail(before, addressing, kind, bytes, to)
}
