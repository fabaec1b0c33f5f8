/** A client's connection to a simulated relay: calls over the network, and what the relay sees of them. */
import { CoreError, type IoOptions } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { SEAL_BYTES, SEALED_SIZES } from '../limits.js'
import { call, forward, type Reply, type Serve } from './call.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'
import type { Sighting } from './observations.js'
import type { RelayServer, VerifyProof } from './relay-server.js'

/** The relay's side of one call. */
export interface Served {
  readonly server: RelayServer
  saw(action: string, subject: Uint8Array, bytes: number): void
  /** Runs after `ms` if the relay is still up. */
  after(ms: number, run: () => void): void
}

export type Handle<T> = (served: Served, answer: (reply: Reply<T>) => void) => void

/** Where a client's calls go: to the relay, or sealed through another one that does not see what they are. */
export interface Route {
  readonly network: SimulatedNetwork
  readonly server: RelayServer
  readonly entry?: RelayServer | undefined
}

export interface Client {
  /** The connection's name at the relay. */
  readonly name: string
  readonly checksProofs: boolean
  /** What is for different boxes goes in different requests, as over two hops (spec/relay-hops.md section 4). */
  readonly apart: boolean
  /** How long a watch waits at the relay. */
  readonly holdMs: number
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

export function relayClient(route: Route, life: NodeLife, name: string): Client {
  const { network, server, entry } = route
  const closing = new AbortController()
  let sealedRequests = 0
  const open = new Set<() => void>()
  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
  const served = servedTo(route, { connection: name, address: life.name })
  return {
    name,
    holdMs: server.holdMs,
    apart: entry !== undefined,
    checksProofs: server.checks.proof !== undefined,
    verifyProof: server.checks.proof ?? (() => true),
    ready: (options) => {
      if (closing.signal.aborted) throw new TestkitError('testkit/closed')
      if (options?.signal?.aborted) throw new CoreError('core/aborted', { cause: options.signal.reason })
    },
    until,
    ask: (what, bytes, options, handle, thinkMs = 0) => {
      const { signal } = options ?? {}
      const parts = { thinkMs, signal, open }
      if (entry === undefined)
        return call(network, life, { server: server.name, what, bytes, ...parts }, (answer) =>
          handle(served, answer),
        )
      sealedRequests += 1
      const sealed = { ...parts, server: entry.name, what: 'sealed', bytes: sealedBytes(bytes) }
      return call(
        network,
        life,
        sealed,
        passOn(
          route,
          entry,
          { connection: name, address: life.name },
          `${name}/${sealedRequests}`,
          bytes,
          handle,
        ),
      )
    },
    pause: (ms, signal) => life.clock.sleep(ms * (0.5 + 0.5 * life.random.next()), signal).catch(() => {}),
    close: async () => {
      closing.abort()
      for (const abort of [...open]) abort()
    },
  }
}

type Seen = Pick<Sighting, 'connection' | 'address' | 'hop'>

function servedTo({ network, server }: Route, seen: Seen): Served {
  return {
    server,
    saw: (action, subject, bytes) => server.see({ ...seen, action, subject, bytes }),
    after: (ms, run) =>
      void network.simulation.after(ms, '', () => {
        if (server.up) run()
      }),
  }
}

function sealedBytes(bytes: number): number {
  const size = SEALED_SIZES.find((one) => bytes + SEAL_BYTES <= one)
  return size ?? (SEALED_SIZES.at(-1) as number) * Math.ceil(bytes / (SEALED_SIZES.at(-1) as number))
}

/** The entry's part: it passes on what it cannot read, in a connection of its own, and the answer back. */
function passOn<T>(
  route: Route,
  entry: RelayServer,
  client: Seen,
  hop: string,
  bytes: number,
  handle: Handle<T>,
): Serve<T> {
  const { network, server } = route
  return (answer, refuse, isOpen) => {
    const size = sealedBytes(bytes)
    entry.see({ ...client, hop, action: 'forward', subject: new Uint8Array(), bytes: size })
    const back = (answered: number, finish: () => void): void =>
      forward(network, { from: server.name, to: entry.name, bytes: answered, what: 'sealed' }, isOpen, finish)
    forward(network, { from: entry.name, to: server.name, bytes: size, what: 'sealed' }, isOpen, () => {
      const served = servedTo(route, { connection: `sealed ${hop}`, address: entry.name, hop })
      try {
        handle(served, (reply) => {
          const answered = sealedBytes(reply.bytes)
          back(answered, () => answer({ value: reply.value, bytes: answered }))
        })
      } catch (error) {
        back(sealedBytes(0), () => refuse(error))
      }
    })
  }
}
