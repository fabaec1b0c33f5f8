/** What the parts of one node share. */
import type { Clock, Logger } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { ObjectEvent } from './events.js'
import type { Neighbour } from './neighbour.js'
import type { Description } from './object.js'
import type { Shelf } from './shelf.js'

/** What to do with an object that is heard of: fetch it, keep its description, or neither. */
export type Verdict = 'fetch' | 'describe' | 'ignore'

export interface NodeContext {
  readonly shelf: Shelf
  readonly clock: Clock
  readonly crypto: CryptoProvider
  readonly logger: Logger
  readonly neighbours: Map<string, Neighbour>
  /** Hashes of what was dropped, and until when it is not taken again. */
  readonly dropped: Map<string, number>
  readonly closing: AbortSignal
  readonly accept: (description: Description, from: string) => Verdict
  readonly emit: (event: ObjectEvent) => void
}

/** A wait cut at random to between half and all of it, so that many who lost one link do not return together. */
export function jittered(context: NodeContext, ms: number): number {
  return Math.round(ms * (0.5 + (context.crypto.randomBytes(1)[0] as number) / 510))
}
