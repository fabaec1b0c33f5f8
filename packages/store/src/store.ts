/** The store itself: a committer for transactions, plain reads of what is durable, and closing. */
import type { Store } from '@hyphae/core'
import { createCommitter } from './committer.js'
import { asHyphaeError, StoreError } from './errors.js'
import { type ReadContext, readList, readOne } from './pending.js'

/** `release` runs once, after the engine has closed. */
export function createStore(context: ReadContext, release: () => void = () => {}): Store {
  const committer = createCommitter(context)
  let closing: Promise<void> | undefined

  const open = async <T>(read: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw new StoreError('store/closed')
    try {
      return await read()
    } catch (cause) {
      throw asHyphaeError(cause)
    }
  }
  const shut = async (): Promise<void> => {
    await committer.drain()
    try {
      await context.engine.close()
    } finally {
      release()
    }
  }
  const close = (): Promise<void> => {
    closing ??= shut()
    return closing
  }

  return {
    get: (key) => open(() => readOne(context, [], key)),
    list: (prefix, options) => open(() => readList(context, [], prefix, options)),
    transact: async (work) => {
      if (closing !== undefined) throw new StoreError('store/closed')
      return committer.run(work)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
