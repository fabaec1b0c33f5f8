/** A client's connection to a simulated relay: calls over the network, and what the relay sees of them. */
import { CoreError, type IoOptions } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { call, type Reply } from './call.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'
import type { RelayServer, VerifyProof } from './relay-server.js'

/** The relay's side of one call. */
export interface Served {
  readonly server: RelayServer
  saw(action: string, subject: Uint8Array, bytes: number): void
  /** Runs after `ms` if the relay is still up. */
  after(ms: number, run: () => void): void
}

export type Handle<T> = (served: Served, answer: (reply: Reply<T>) => void) => void

export interface Client {
  /** The connection's name at the relay. */
  readonly name: string
  readonly checksProofs: boolean
  readonly verifyProof: VerifyProof
  /** @throws TestkitError `testkit/closed`, CoreError `core/aborted` */
  ready(options: IoOptions | undefined): void
  /** Fires with `signal`, or when the carrier closes. */
  until(signal: AbortSignal | undefined): AbortSignal
  ask<T>(
    what: string,
    bytes: number,
    options: IoOptions | undefined,
    handle: Handle<T>,
    thinkMs?: number,
  ): Promise<T>
  /** Waits about `ms`, cut at random so that clients do not return together; ends early with the signal. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

export function relayClient(
  network: SimulatedNetwork,
  server: RelayServer,
  life: NodeLife,
  name: string,
): Client {
  const closing = new AbortController()
  const open = new Set<() => void>()
  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  const served: Served = {
    server,
    saw: (action, subject, bytes) => server.see(name, life.name, action, subject, bytes),
    after: (ms, run) =>
      void network.simulation.after(ms, '', () => {
        if (server.up) run()
      }),
  }
  return {
    name,
    checksProofs: server.checks.proof !== undefined,
    verifyProof: server.checks.proof ?? (() => true),
    ready: (options) => {
      if (closing.signal.aborted) throw new TestkitError('testkit/closed')
      if (options?.signal?.aborted) throw new CoreError('core/aborted', { cause: options.signal.reason })
    },
    until,
    ask: (what, bytes, options, handle, thinkMs = 0) =>
      call(
        network,
        life,
        { server: server.name, what, bytes, thinkMs, signal: options?.signal, open },
        (answer) => handle(served, answer),
      ),
    pause: (ms, signal) => life.clock.sleep(ms * (0.5 + 0.5 * life.random.next()), signal).catch(() => {}),
    close: async () => {
      closing.abort()
      for (const abort of [...open]) abort()
    },
  }
}
