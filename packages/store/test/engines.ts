/** Engines that are told when to finish or fail. */
import { type Engine, type EngineWrite, memoryEngine } from '@hyphae/store'

export interface HeldEngine {
  readonly engine: Engine
  /** Batches begun and not yet released, oldest first. */
  readonly held: { readonly batch: readonly EngineWrite[]; finish(): void; fail(error: Error): void }[]
  /** How many batches have begun. */
  batches(): number
}

/** Every batch waits until it is finished or failed; what failed was not written. */
export function heldEngine(inner: Engine = memoryEngine()): HeldEngine {
  const held: HeldEngine['held'] = []
  let batches = 0
  const engine: Engine = {
    ...inner,
    write: (batch) =>
      new Promise((resolve, reject) => {
        batches += 1
        const entry = {
          batch,
          finish: () => {
            held.splice(held.indexOf(entry), 1)
            resolve(inner.write(batch))
          },
          fail: (error: Error) => {
            held.splice(held.indexOf(entry), 1)
            reject(error)
          },
        }
        held.push(entry)
      }),
  }
  return { engine, held, batches: () => batches }
}

/** Lets everything that only waits for promises go on. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
