/**
 * What libp2p takes for granted and older runtimes do not have. Filled in before libp2p is loaded, and only where it is
 * missing; `polyfill.node.ts` adds a WebSocket.
 */

interface WithResolvers {
  withResolvers?: <T>() => {
    promise: Promise<T>
    resolve: (value: T | PromiseLike<T>) => void
    reject: (reason?: unknown) => void
  }
}

export function polyfillPromise(): void {
  const target = Promise as WithResolvers
  target.withResolvers ??= function withResolvers<T>() {
    let resolve: (value: T | PromiseLike<T>) => void = () => {}
    let reject: (reason?: unknown) => void = () => {}
    const promise = new Promise<T>((yes, no) => {
      resolve = yes
      reject = no
    })
    return { promise, resolve, reject }
  }
}
