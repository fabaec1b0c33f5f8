/** Checks of the tickets that a relay can judge by itself: capabilities and work. spec/relay.md section 3.2. */
import { type Clock, isHyphaeError } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import {
  type Capability,
  capabilitySpend,
  capabilityStatement,
  checkWork,
  dayOf,
  readCapability,
  readWork,
} from '@hyphae/transport-relay/wire'
import { refuse } from '../engine/engine.js'
import { MAX_CAPABILITY_MS, type RelayLimits } from '../limits.js'
import type { TicketCheck, TicketChecks } from './admission.js'

export interface TicketOptions {
  readonly crypto: CryptoProvider
  readonly limits: RelayLimits
  readonly clock: Clock
}

/** Undefined for bytes that are no such ticket. */
function read<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  try {
    return decode(bytes)
  } catch (error) {
    if (isHyphaeError(error, 'relay-carrier/malformed')) return undefined
    throw error
  }
}

function current({ expires }: Capability, now: number): boolean {
  return expires > now && expires <= now + MAX_CAPABILITY_MS
}

function capabilityCheck({ crypto, clock }: TicketOptions): TicketCheck {
  return ({ box, ticket }, terms) => {
    const capability = read(readCapability, ticket.bytes)
    if (capability === undefined || terms === undefined || !current(capability, clock.now()))
      return refuse('bad-ticket')
    const { capabilityKey } = terms
    const statement = capabilityStatement(box, capability)
    if (!crypto.ed25519.verify(capabilityKey, statement, capability.signature)) return refuse('bad-ticket')
    if (capability.uses === 0) return {}
    const name = crypto.sha256(capabilitySpend(box, capabilityKey, capability.serial))
    return { spend: { name, most: capability.uses, until: capability.expires } }
  }
}

/** A day more or less: clocks differ, and a frame may be on its way over midnight. */
const DAY_SLACK = 1

function workCheck({ crypto, limits, clock }: TicketOptions): TicketCheck {
  return (subject, terms) => {
    const work = read(readWork, subject.ticket.bytes)
    if (work === undefined || Math.abs(work.day - dayOf(clock.now())) > DAY_SLACK) return refuse('bad-ticket')
    const bits = Math.max(limits.workBits, terms?.workBits ?? 0)
    return checkWork(subject, work, bits, crypto.sha256) ? {} : refuse('bad-ticket')
  }
}

export function ownChecks(options: TicketOptions): TicketChecks {
  return { capability: capabilityCheck(options), work: workCheck(options) }
}
