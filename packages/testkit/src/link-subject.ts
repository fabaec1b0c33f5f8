/** What the suite for links is given: two peers, how they name each other, and what a network or a stranger can do. */
import type { Carrier, Link } from '@hyphae/core'
import { type CarrierComplianceOptions, capability } from './carrier-subject.js'
import { PATIENCE_MS } from './limits.js'

export interface LinkSubject {
  readonly carrier: Carrier
  /** A second node that can be reached from the first. */
  readonly other: Carrier
  /** What `other` calls `carrier`. */
  readonly carrierName: string
  /** What `carrier` calls `other`. */
  readonly otherName: string
  /** A well-formed name of somebody who is not there. */
  readonly stranger: string
  /** Breaks what connects the two, as a network does; both stay. Without it the suite does not ask about it, and says so. */
  cut?(): Promise<void> | void
  /** Connects to `other` as no peer would and says `bytes`; resolves when they are said, or were refused. */
  garble?(bytes: Uint8Array): Promise<void>
  dispose(): Promise<void> | void
}

export type OpenLink = () => Promise<LinkSubject>

export type LinkComplianceOptions = CarrierComplianceOptions

/** Why cases about what comes whole are not asked of a link that promises only to try. */
export const UNRELIABLE = 'not asked: its traits do not say that the link is reliable'

/** One side of a link, and how the other side is called there. */
export interface LinkEnd {
  readonly link: Link
  readonly carrier: Carrier
  readonly peer: string
}

export interface LinkEnds {
  readonly near: LinkEnd
  readonly far: LinkEnd
  /** Neither loses, repeats nor invents a frame while the connection lasts. */
  readonly reliable: boolean
  readonly ordered: boolean
  readonly patienceMs: number
}

export function linkEnds(
  subject: LinkSubject,
  { patienceMs = PATIENCE_MS }: LinkComplianceOptions,
): LinkEnds {
  const { carrier, other } = subject
  return {
    near: { link: capability(carrier, 'link'), carrier, peer: subject.otherName },
    far: { link: capability(other, 'link'), carrier: other, peer: subject.carrierName },
    reliable: carrier.traits.reliable && other.traits.reliable,
    ordered: carrier.traits.ordered && other.traits.ordered,
    patienceMs,
  }
}
