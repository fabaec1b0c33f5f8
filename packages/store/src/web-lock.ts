/** One tab at a time: an exclusive Web Lock, held until released. The browser frees it when the tab dies. */
import { StoreError } from './errors.js'

/**
 * Takes the lock or says at once that another tab has it.
 * @throws StoreError `store/locked`; `store/io` where the browser has no Web Locks (an insecure page)
 */
export function holdWebLock(name: string): Promise<() => void> {
  const locks = globalThis.navigator?.locks
  if (locks === undefined)
    return Promise.reject(new StoreError('store/io', { cause: new Error('Web Locks need a secure page') }))
  return new Promise((resolve, reject) => {
    const taken = (lock: Lock | null): Promise<void> | undefined => {
      if (lock !== null) return new Promise((release) => resolve(release))
      reject(new StoreError('store/locked'))
      return undefined
    }
    locks
      .request(name, { mode: 'exclusive', ifAvailable: true }, taken)
      .catch((cause: unknown) => reject(new StoreError('store/io', { cause })))
  })
}
