import { connect } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import { createJetStream } from '../../src/engine/nats/jetstream.js'
import { NATS_MISSING, startNats } from '../support/nats-servers.js'

/** More than a server names in one answer, which is 100,000. */
const MANY = 100_500
const BATCH = 5_000

describe.skipIf(NATS_MISSING !== undefined)('subjects of a stream', () => {
  it('hostile 38: are all found, also when they are more than the servers name at once', async () => {
    const nats = await startNats(1)
    const connection = await connect({ servers: [...nats.servers] })
    try {
      const js = createJetStream(connection)
      const config = { name: 'MANY', subjects: ['many.*'], num_replicas: 1 }
      await js.ensure({ ...config, max_msgs_per_subject: 1 })
      for (let n = 0; n < MANY; n += BATCH) {
        for (let i = n; i < Math.min(n + BATCH - 1, MANY - 1); i++) connection.publish(`many.${i}`)
        // The answer to the last one says that all before it are stored.
        await js.publish(`many.last-${n}`, new Uint8Array(0))
      }
      const { messages, matching } = await js.info('MANY', 'many.*')
      expect(messages).toBeGreaterThan(100_000)
      expect(matching).toBe(messages)
      expect((await js.subjects('MANY', 'many.*')).size).toBe(messages)
    } finally {
      await connection.close()
      await nats.dispose()
    }
  }, 30_000)
})
