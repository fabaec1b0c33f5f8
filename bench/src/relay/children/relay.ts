// A relay as a process: `relay <folder> [connections]`. Prints its port; ends with its input.
import process from 'node:process'

// Another build can be measured in its place.
const { startRelay } = (await import(
  process.env.HYPHAE_BENCH_RELAY ?? '@hyphae/relay'
)) as typeof import('@hyphae/relay')

const [data = '', connections = '20000', host = '127.0.0.1'] = process.argv.slice(2)
const relay = await startRelay({
  data,
  host,
  limits: {
    connections: Number(connections),
    // The load is one client's on 50 connections; what is measured is the server and not its patience.
    operationsPerSecond: 10_000_000,
    bytesPerSecond: 1e10,
    costlyPerSecond: 1_000_000,
    announcesPerSecond: 10_000_000,
    framesPerBox: 1_000_000,
  },
})
process.stdout.write(`ready ${relay.port}\n`)
process.stdin.on('data', () => {
  ;(globalThis as { gc?: () => void }).gc?.()
  process.stdout.write('collected\n')
})
process.stdin.on('end', () => void relay.close())
process.on('SIGTERM', () => {})
