/** A relay over a shared engine: `shared-relay <engine> <url> <folder> <port>`. Prints its URL when it listens. */
import { isHyphaeError } from '@hyphae/core'
import { startRelay } from '@hyphae/relay'
import { chooseEngine } from '../../src/engine/choose.js'

const [engine = '', url = '', data = '', port = '0'] = process.argv.slice(2)
try {
  const choice = engine === 'nats' ? { engine, natsUrl: url } : { engine: 'postgres', postgresUrl: url }
  const relay = await startRelay({
    data,
    port: Number(port),
    engine: await chooseEngine(choice as Parameters<typeof chooseEngine>[0]),
    // Tests put as fast as they can, over few connections.
    limits: { costlyPerSecond: 10_000, framesPerBox: 100_000 },
  })
  console.log(relay.url)
  process.stdin.resume()
  process.stdin.on('end', () => relay.close())
} catch (error) {
  console.log(isHyphaeError(error) ? `${error.code} ${error.hint}` : String(error))
}
