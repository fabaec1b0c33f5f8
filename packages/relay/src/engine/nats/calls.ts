/** Frames that are passed on and never stored: core NATS alone. spec/relay.md section 3.5. */
import type { NatsConnection } from '@nats-io/transport-node'
import type { AnnouncedListener, RelayEngine } from '../engine.js'
import { boxName } from '../keys.js'
import type { Subjects } from './names.js'

export function createCalls(
  connection: NatsConnection,
  names: Subjects,
  listeners: readonly AnnouncedListener[],
): Pick<RelayEngine, 'announce'> {
  connection.subscribe(names.call('*'), {
    callback: (error, { subject, data }) => {
      if (error !== null) return
      const channel = boxName(Buffer.from(names.keyOf(subject), 'base64url'))
      const frame = Uint8Array.from(data)
      for (const listener of listeners) listener(channel, frame)
    },
  })
  return {
    announce: (channel, frame) => {
      // Now or never: what a closing connection does not take is gone.
      if (!connection.isClosed()) connection.publish(names.call(channel), frame)
    },
  }
}
