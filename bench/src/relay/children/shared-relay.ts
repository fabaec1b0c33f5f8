// A relay over a NATS cluster as a process: `shared-relay <folder> <servers>`. Prints its port; ends with its input.
import process from 'node:process'
import { startRelay } from '@hyphae/relay'
import { natsEngine } from '@hyphae/relay/nats'

const [data = '', servers = ''] = process.argv.slice(2)
const relay = await startRelay({
  data,
  engine: natsEngine({ servers: servers.split(',') }),
  limits: {
    // The load is one client's on 50 connections; what is measured is the server and not its patience.
    operationsPerSecond: 10_000_000,
    bytesPerSecond: 1e10,
    costlyPerSecond: 1_000_000,
    framesPerBox: 1_000_000,
  },
})
process.stdout.write(`ready ${relay.port}\n`)
process.stdin.resume()
process.stdin.on('end', () => void relay.close())
process.on('SIGTERM', () => {})
