/** Terms of a box: who may put into it. spec/relay.md section 3.1. */
import { type BoxId, type BoxKey, type IoOptions, KEY_BYTES } from '@hyphae/core'
import { checkLength, checkNumber } from './check.js'
import type { Dialer } from './dialer.js'
import { isUnsupported } from './offer.js'
import { type TicketKind, ticketKinds, ticketSet } from './wire/ticket.js'

export interface MailboxTerms {
  /** Any one of these lets a frame in; with `none` among them anybody's. Empty closes the box. */
  readonly accepts: readonly TicketKind[]
  /** 32-byte Ed25519 key that signs capabilities; needed when `capability` is accepted. */
  readonly capabilityKey?: Uint8Array
  /** Leading zero bits of a work ticket, when that is more than the relay asks for; at most 64. */
  readonly workBits?: number
  /** Frames that may wait, when that is less than the relay keeps. */
  readonly quota?: number
}

export interface BoxTermsPort {
  /** What the owner of a box has set; undefined: nothing, or the relay knows no terms. */
  get(box: BoxId, options?: IoOptions): Promise<MailboxTerms | undefined>
  /** Replaces what was set. To be repeated within three months. */
  set(box: BoxKey, terms: MailboxTerms, options?: IoOptions): Promise<void>
}

/** More could never be found. */
const MAX_WORK_BITS = 64
const NO_KEY = new Uint8Array(KEY_BYTES)

export function createTerms(dialer: Dialer): BoxTermsPort {
  return {
    get: async (box, { signal } = {}) => {
      checkLength(box, KEY_BYTES, 'box')
      try {
        const { terms } = await dialer.call({ kind: 'get-terms', box }, 'terms', { repeatable: true, signal })
        if (terms === undefined) return undefined
        const { accepts, capabilityKey, ...rest } = terms
        return { ...rest, accepts: ticketKinds(accepts), capabilityKey: capabilityKey.slice() }
      } catch (error) {
        if (isUnsupported(error)) return undefined
        throw error
      }
    },
    set: async (box, { accepts, capabilityKey = NO_KEY, workBits = 0, quota = 0 }, { signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      checkLength(capabilityKey, KEY_BYTES, 'capabilityKey')
      checkNumber(workBits, 0, MAX_WORK_BITS, 'workBits')
      checkNumber(quota, 0, 0xffff_ffff, 'quota')
      const terms = { accepts: ticketSet(accepts), capabilityKey, workBits, quota }
      const ask = { kind: 'set-terms', box: box.id, terms } as const
      await dialer.call(ask, 'ok', { box, repeatable: true, signal })
    },
  }
}
