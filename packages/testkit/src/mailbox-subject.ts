/** What the suite for mailboxes is given: options, and the two ends of a mailbox. */
import type { Mailbox } from '@hyphae/core'
import { type CarrierComplianceOptions, type CarrierSubject, capability } from './carrier-subject.js'

export interface MailboxComplianceOptions extends CarrierComplianceOptions {
  /** The carrier verifies box proofs. Left out or true: a wrong key must be refused. */
  readonly checksProofs?: boolean
}

export interface MailboxSubject extends CarrierSubject {
  /** Says bytes to whoever stores the mail, as no carrier would; resolves when they are said, or were refused. */
  garble?(bytes: Uint8Array): Promise<void>
  /** Lets the time of everything that is stored pass. */
  expire?(): Promise<void> | void
}

export type OpenMailbox = () => Promise<MailboxSubject>

export interface MailboxPair {
  readonly sender: Mailbox
  readonly reader: Mailbox
}

export function mailboxPair({ carrier, other }: CarrierSubject): MailboxPair {
  return { sender: capability(other ?? carrier, 'mailbox'), reader: capability(carrier, 'mailbox') }
}
