// A relay for sockets that do nothing: `idle-server <folder> <connections>`. Collects its garbage when asked on
// standard input, so that what is measured is what is held.
import process from 'node:process'

// Another build can be measured in its place.
const { startRelay } = (await import(
  process.env.HYPHAE_BENCH_RELAY ?? '@hyphae/relay'
)) as typeof import('@hyphae/relay')

const [data = '', connections = '0'] = process.argv.slice(2)
const relay = await startRelay({
  data,
  limits: {
    connections: Number(connections),
    costlyPerSecond: 1_000_000,
    // Hundreds dial at once on a machine that they share with the servers.
    handshakeMs: 60_000,
    // Held by the benchmark for longer than a silent peer would be.
    silentMs: 3_600_000,
  },
})
process.stdout.write(`ready ${relay.port}\n`)
process.stdin.on('data', () => {
  ;(globalThis as { gc?: () => void }).gc?.()
  process.stdout.write('collected\n')
})
process.stdin.on('end', () => process.exit(0))
