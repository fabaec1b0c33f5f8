/** Closing in order: what was begun is answered, then every peer is told, then who lingers is cut. */
import { once } from 'node:events'
import type { Connection, ServerContext } from './connection.js'

/** What answers requests besides the connections. */
interface Drainable {
  drain(): Promise<void>
}

/** Lets what was begun finish, then closes every connection; those that linger are cut. */
export async function drainAll(
  connections: ReadonlySet<Connection>,
  other: Drainable | undefined,
  context: ServerContext,
): Promise<void> {
  const all = [...connections]
  const stop = new AbortController()
  const late = context.clock.sleep(context.limits.drainMs, stop.signal).catch(() => {})
  await Promise.race([Promise.all([...all, ...(other ? [other] : [])].map((one) => one.drain())), late])
  const gone = all.map((connection) => once(connection.ws, 'close'))
  for (const connection of all) connection.end(1001)
  await Promise.race([Promise.all(gone), late])
  stop.abort()
  for (const connection of all) connection.ws.terminate()
}
