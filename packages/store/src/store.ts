/** The store itself: a committer for transactions, plain reads of what is durable, and closing. */
import type { Store } from '@hyphae/core'
import { createCommitter } from './committer.js'
import type { Engine } from './engine.js'
import { asHyphaeError, StoreError } from './errors.js'
import { type ReadContext, readList, readOne } from './pending.js'

/** `release` runs once, after the engine has closed. */
export function createStore(given: ReadContext, release: () => void = () => {}): Store {
  const context = { ...given, engine: withKnownErrors(given.engine) }
  const committer = createCommitter(context)
  let closing: Promise<void> | undefined

  const open = async <T>(read: () => Promise<T>): Promise<T> => {
    if (closing !== undefined) throw new StoreError('store/closed')
    return read()
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

/** Whatever the engine throws comes out as a HyphaeError, wherever it is called from. */
function withKnownErrors(engine: Engine): Engine {
  const known = (cause: unknown): never => {
    throw asHyphaeError(cause)
  }
  return {
    get: (key) => engine.get(key).catch(known),
    range: (range) => engine.range(range).catch(known),
    write: (batch) => engine.write(batch).catch(known),
    close: () => engine.close().catch(known),
  }
}
