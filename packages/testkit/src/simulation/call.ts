/**
 * A call from a node to a server and back over a lossy network, as a connection makes it: lost legs are sent
 * again after a while, the server acts at most once, and a caller that has waited too long does not know
 * whether it did.
 */
import { CoreError } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { CALL_OVERHEAD_BYTES, CALL_TIMEOUT_MS, RETRANSMIT_MS } from '../limits.js'
import type { Timer } from '../timeline.js'
import type { Datagram } from './datagram.js'
import type { NodeLife } from './life.js'
import type { SimulatedNetwork } from './network.js'

export interface Reply<T> {
  readonly value: T
  readonly bytes: number
}

/** Gives the answer, now or later; what it throws is thrown to the caller. */
export type Serve<T> = (
  answer: (reply: Reply<T>) => void,
  /** Has `error` thrown to the caller, later; what is thrown at once is, too. */
  refuse: (error: unknown) => void,
  /** False when nobody waits for the answer any more. */
  isOpen: () => boolean,
) => void

export interface CallOptions {
  readonly server: string
  readonly what: string
  readonly bytes: number
  /** Added to the usual patience: how long the server may think. */
  readonly thinkMs?: number
  readonly signal?: AbortSignal | undefined
  /** Holds how to abort this call for as long as it is open. */
  readonly open: Set<() => void>
}

/** @throws TestkitError `testkit/unreachable`, CoreError `core/aborted`, and what `serve` throws */
export function call<T>(
  network: SimulatedNetwork,
  life: NodeLife,
  { server, what, bytes, thinkMs = 0, signal, open: calls }: CallOptions,
  serve: Serve<T>,
): Promise<T> {
  if (!life.alive) return new Promise(() => {})
  return new Promise((resolve, reject) => {
    let open = true
    const end = (finish: () => void): void => {
      if (!open) return
      open = false
      deadline.cancel()
      calls.delete(abort)
      signal?.removeEventListener('abort', abort)
      if (life.alive) finish()
    }
    const abort = (): void => end(() => reject(new CoreError('core/aborted', { cause: signal?.reason })))
    const late = (): void =>
      end(() => reject(new TestkitError('testkit/unreachable', { details: { server, what } })))
    const deadline = life.after(CALL_TIMEOUT_MS + thinkMs, late)
    if (signal?.aborted) {
      abort()
      return
    }
    signal?.addEventListener('abort', abort, { once: true })
    calls.add(abort)

    const isOpen = (): boolean => open && life.alive
    const back = (size: number, finish: () => void): void =>
      leg(network, { from: server, to: life.name, bytes: size, what: `${what} answer` }, isOpen, () =>
        end(finish),
      )
    const refuse = (error: unknown): void => back(0, () => reject(error))
    leg(network, { from: life.name, to: server, bytes, what }, isOpen, () => {
      try {
        serve(({ value, bytes: size }) => back(size, () => resolve(value)), refuse, isOpen)
      } catch (error) {
        refuse(error)
      }
    })
  })
}

/** One way between two servers, as part of somebody's call: sent until it arrives or nobody waits for it. */
export function forward(
  network: SimulatedNetwork,
  part: Leg,
  isOpen: () => boolean,
  arrive: () => void,
): void {
  leg(network, part, isOpen, arrive)
}

export interface Leg {
  readonly from: string
  readonly to: string
  readonly bytes: number
  readonly what: string
}

/** Sends until one copy arrives or nobody cares any more; `arrive` is called once. */
function leg(
  network: SimulatedNetwork,
  { bytes, ...leg }: Leg,
  isOpen: () => boolean,
  arrive: () => void,
): void {
  const sim = network.simulation
  const datagram = { ...leg, bytes: bytes + CALL_OVERHEAD_BYTES, stream: true }
  let arrived = false
  let retry: Timer | undefined
  const once = (): void => {
    if (arrived) return
    arrived = true
    retry?.cancel()
    arrive()
  }
  const attempt = (patienceMs: number): void => {
    if (arrived || !isOpen()) return
    const onAirMs = Math.max(0, leaves(network, datagram, once) - sim.clock.now())
    if (!arrived) retry = sim.after(patienceMs + 2 * onAirMs, '', () => attempt(2 * patienceMs))
  }
  attempt(RETRANSMIT_MS)
}

/** When the datagram has left; one that finds the queue full is as good as lost. */
function leaves(network: SimulatedNetwork, datagram: Datagram, arrive: () => void): number {
  try {
    return network.send(datagram, arrive).leftAt
  } catch (error) {
    if (error instanceof TestkitError && error.code === 'testkit/full') return 0
    throw error
  }
}
