/** Makes a work ticket: tries nonces until a hash begins with enough zeros. spec/relay.md section 3.2. */
import { type Clock, CoreError } from '@hyphae/core'
import { checkNumber } from './check.js'
import { WORK_STEP } from './limits.js'
import type { Ticket } from './wire/ticket.js'
import {
  dayOf,
  encodeWork,
  hasLeadingZeros,
  type Sha256,
  setNonce,
  type WorkSubject,
  workMessage,
} from './wire/work.js'

export interface WorkOptions {
  /** Leading zero bits: what the relay describes, or the terms of the box when that is more; at most 40. */
  readonly bits: number
  readonly sha256: Sha256
  readonly clock: Clock
  readonly signal?: AbortSignal
}

/** A thousand billion hashes: days. */
const MAX_BITS = 40

/**
 * About 2^bits hashes; gives the event loop its turn in between.
 * @throws CoreError `core/aborted`; RelayCarrierError `relay-carrier/bad-input` for more than 40 bits
 */
export async function workTicket(subject: WorkSubject, options: WorkOptions): Promise<Ticket> {
  const { bits, sha256, clock, signal } = options
  checkNumber(bits, 0, MAX_BITS, 'bits')
  const day = dayOf(clock.now())
  const message = workMessage(subject, day, sha256)
  for (let nonce = 0; ; nonce++) {
    setNonce(message, nonce)
    if (hasLeadingZeros(sha256(message), bits)) return encodeWork({ day, nonce })
    if (nonce % WORK_STEP !== WORK_STEP - 1) continue
    await clock.sleep(0)
    if (signal?.aborted) throw new CoreError('core/aborted', { cause: signal.reason })
  }
}
