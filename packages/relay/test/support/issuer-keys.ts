/** An engine that already holds the keys an issuer would make: making one takes most of a second. */
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { OpenEngine } from '@hyphae/relay'
import { exportRsa, generateRsa } from '../../../payment/src/tokens/rsa.node.js'
import { sharedStore } from '../../src/services/store.js'

const EPOCH_MS = 7 * 24 * 60 * 60 * 1000
const EPOCHS = 2
let made: Promise<Uint8Array[]> | undefined

/** For the epoch that is and the next, the same in all relays of a file; relays that have theirs keep them. */
export function withIssuerKeys(open: OpenEngine, value: number): OpenEngine {
  return async (options) => {
    const engine = await open(options)
    if (engine.rows === undefined) throw new Error('the engine has no rows')
    made ??= Promise.all(Array.from({ length: EPOCHS }, async () => exportRsa(await generateRsa())))
    const keys = await made
    const store = sharedStore({ rows: engine.rows, crypto, clock: systemClock, root: 's' })
    await store.transact(async (tx) => {
      for (const [i, key] of keys.entries()) {
        const name = ['issuer-key', Math.floor(options.clock.now() / EPOCH_MS) + i, value] as const
        if ((await tx.get(name)) === undefined) tx.put(name, key)
      }
    })
    return engine
  }
}
