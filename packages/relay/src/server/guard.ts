/**
 * Ends connections that hold resources without using them: unfinished messages, slow readers, dead peers.
 *
 * Looks at all connections at short intervals instead of keeping a timer for each. spec/relay.md section 6.
 */
import type { Clock, Logger } from '@hyphae/core'
import { MIN_READ_BYTES, type RelayLimits } from '../limits.js'
import type { Connection } from './connection.js'

interface Seen {
  /** Since when a message is unfinished. */
  unfinishedSince: number
  /** What had left the socket buffer, and when. */
  flushed: number
  flushedAt: number
  pinged: boolean
}

export interface GuardOptions {
  readonly connections: ReadonlySet<Connection>
  readonly limits: RelayLimits
  readonly clock: Clock
  readonly logger: Logger
}

const MIN_TICK_MS = 20
const MAX_TICK_MS = 1_000

function tick({ messageMs, slowReaderMs, silentMs }: RelayLimits): number {
  return Math.max(MIN_TICK_MS, Math.min(MAX_TICK_MS, messageMs / 4, slowReaderMs / 4, silentMs / 4))
}

/** The reason to end the connection, if there is one. */
function reason(connection: Connection, seen: Seen, limits: RelayLimits, now: number): string | undefined {
  const { socket, ws } = connection
  if (connection.unfinished() === 0 || connection.paused()) seen.unfinishedSince = now
  else if (now - seen.unfinishedSince > limits.messageMs) return 'unfinished message'

  const flushed = socket.bytesWritten - socket.writableLength
  if (socket.writableLength === 0 || flushed - seen.flushed >= MIN_READ_BYTES) {
    seen.flushed = flushed
    seen.flushedAt = now
  } else if (now - seen.flushedAt > limits.slowReaderMs) return 'slow reader'

  const silence = now - connection.lastHeard()
  if (connection.paused() || silence <= limits.silentMs) seen.pinged = false
  else if (silence > 2 * limits.silentMs) return 'silent'
  else if (!seen.pinged) {
    seen.pinged = true
    ws.ping()
  }
  return undefined
}

/** Cuts off the largest unfinished messages until the rest fits the budget. */
function overBudget(connections: Iterable<Connection>, budget: number): Connection[] {
  let total = 0
  for (const connection of connections) total += connection.unfinished()
  if (total <= budget) return []
  const open = [...connections].map((connection) => ({ connection, bytes: connection.unfinished() }))
  open.sort((a, b) => b.bytes - a.bytes)
  const cut: Connection[] = []
  for (const { connection, bytes } of open) {
    if (total <= budget) break
    total -= bytes
    cut.push(connection)
  }
  return cut
}

/** Runs until the signal fires. */
export async function guard(options: GuardOptions, signal: AbortSignal): Promise<void> {
  const { connections, limits, clock, logger } = options
  const seen = new WeakMap<Connection, Seen>()
  const interval = tick(limits)
  const drop = (connection: Connection, why: string): void => {
    logger.debug('connection dropped', { reason: why })
    connection.ws.terminate()
  }
  while (!signal.aborted) {
    await clock.sleep(interval, signal).catch(() => {})
    const now = clock.now()
    for (const connection of connections) {
      const state = seen.get(connection) ?? {
        unfinishedSince: now,
        flushed: 0,
        flushedAt: now,
        pinged: false,
      }
      seen.set(connection, state)
      const why = reason(connection, state, limits, now)
      if (why !== undefined) drop(connection, why)
    }
    for (const connection of overBudget(connections, limits.unfinishedBytes)) drop(connection, 'memory')
  }
}
