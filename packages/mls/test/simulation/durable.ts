// What a device keeps on its disk. The disk holds a number; the values it stands for are immutable, so they are kept
// as they are and only a device that boots reads its log back from bytes.
import type { NodeLife } from '@hyphae/testkit'
import type { GroupLog } from '../../src/order/log.js'
import type { Mail } from './post.js'

export interface Shown {
  readonly id: string
  readonly words: string
  readonly sender: string
}

/** Why a message was not shown: the code of the refusal, or `late` or `overflow`. */
export interface Missed {
  readonly id: string
  readonly why: string
}

export interface Offer {
  readonly keyPackage: Uint8Array
  readonly secret: Uint8Array
}

export interface Durable {
  readonly log: GroupLog | null
  readonly outbox: readonly Mail[]
  /** Envelopes that came while this device was in no group. */
  readonly waiting: readonly Uint8Array[]
  readonly offers: readonly Offer[]
  readonly shown: readonly Shown[]
  readonly missed: readonly Missed[]
  /** Own messages by id. */
  readonly said: readonly Shown[]
  /** How often it has joined, beginning included. */
  readonly joins: number
  /** How often it found itself removed. */
  readonly removals: number
  /** Suffix of the last mail. */
  readonly mails: number
}

export const EMPTY: Durable = {
  log: null,
  outbox: [],
  waiting: [],
  offers: [],
  shown: [],
  missed: [],
  said: [],
  joins: 0,
  removals: 0,
  mails: 0,
}

export interface Vault {
  /** What a device that boots finds. */
  load(life: NodeLife): Promise<Durable>
  /** Resolves when it is durable; a crash in the middle leaves the old or the new, never a part. */
  save(life: NodeLife, durable: Durable): Promise<void>
  /** What is durable now, for whoever looks from outside. */
  current(): Durable
}

const HEAD = ['head'] as const

export function vault(): Vault {
  const versions = new Map<number, Durable>([[0, EMPTY]])
  let next = 1
  let current = EMPTY
  const numberOf = (bytes: Uint8Array | undefined): number =>
    bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  return {
    load: async (life) => {
      const number = numberOf(await life.disk.get(HEAD))
      const found = versions.get(number) as Durable
      versions.clear()
      current = found
      versions.set(number, found)
      return found
    },
    save: async (life, durable) => {
      const number = next
      next += 1
      versions.set(number, durable)
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, number)
      await life.disk.transact((tx) => tx.put(HEAD, bytes))
      for (const old of versions.keys()) if (old < number) versions.delete(old)
      current = durable
    },
    current: () => current,
  }
}
