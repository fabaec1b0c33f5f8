/** The store for tests, demos and nodes that keep nothing: plaintext in memory. */
import type { Store } from '@hyphae/core'
import { plainCodec } from './codec.js'
import type { Engine } from './engine.js'
import { memoryEngine } from './memory-engine.js'
import { createStore } from './store.js'

/** Pass an engine to reopen it later, as after a restart. */
export function memoryStore(options: { readonly engine?: Engine } = {}): Store {
  return createStore({ engine: options.engine ?? memoryEngine(), codec: plainCodec })
}
