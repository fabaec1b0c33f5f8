/** A transaction of the manager: the store's, with effects for when it is durable, and what the manager remembers of it. */
import type { Store, StoreTransaction } from '@hyphae/core'
import { RatchetError } from '../errors.js'
import { MAX_IDS_PER_TRANSACTION } from './limits.js'
import type { MetaRow } from './meta-row.js'

const PASSAGE: unique symbol = Symbol('hyphae.sessions')
const passages: WeakMap<object, Passage> = /* @__PURE__ */ new WeakMap()

/** A store transaction with what shall happen once it is durable and witnessed. */
export interface SessionTransaction extends StoreTransaction {
  after(effect: () => void): void
  /** By which the manager knows it again; opaque. */
  readonly [PASSAGE]: object
}

/** What the manager remembers of one transaction. */
export interface Passage {
  /** Whose transaction it is. */
  readonly owner: object
  /** Null until it was checked. */
  meta: MetaRow | null
  written: boolean
  /** Sessions whose unanswered sends were counted. */
  readonly counted: Set<string>
  /** Called when the transaction fails. */
  readonly undone: (() => void)[]
  /** Prekey ids given out. */
  ids: number
}

export interface Ran<T> {
  readonly result: T
  readonly effects: readonly (() => void)[]
  /** Generation written; null when nothing of the manager's was. */
  readonly written: number | null
}

export async function runTransaction<T>(
  store: Store,
  owner: object,
  work: (tx: SessionTransaction) => Promise<T> | T,
): Promise<Ran<T>> {
  const effects: (() => void)[] = []
  const passage: Passage = { owner, meta: null, written: false, counted: new Set(), undone: [], ids: 0 }
  const token = {}
  passages.set(token, passage)
  try {
    const result = await store.transact((inner) =>
      work({
        get: (key) => inner.get(key),
        list: (prefix, options) => inner.list(prefix, options),
        put: (key, value) => inner.put(key, value),
        delete: (key) => inner.delete(key),
        after: (effect) => void effects.push(effect),
        [PASSAGE]: token,
      }),
    )
    return { result, effects, written: passage.written ? (passage.meta?.generation ?? null) : null }
  } catch (error) {
    for (const undo of passage.undone) undo()
    throw error
  }
}

/** @throws RatchetError `ratchet/bad-argument` for a transaction of another instance, or none */
export function passageOf(tx: SessionTransaction, owner: object): Passage {
  const passage = passages.get(tx[PASSAGE])
  if (passage?.owner !== owner) throw new RatchetError('ratchet/bad-argument', { details: { name: 'tx' } })
  return passage
}

/** @throws RatchetError `ratchet/bad-argument` beyond MAX_IDS_PER_TRANSACTION */
export function takeIds(passage: Passage, count: number): void {
  if (passage.ids + count > MAX_IDS_PER_TRANSACTION) {
    throw new RatchetError('ratchet/bad-argument', {
      details: { name: 'prekeys', max: MAX_IDS_PER_TRANSACTION },
    })
  }
  passage.ids += count
}
