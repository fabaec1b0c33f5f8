// The demo's relay: a process of its own, with everything it receives and sends also written to a traffic log.
import { startRelay } from '@hyphae/relay'

const [data, port, trafficLog] = process.argv.slice(2) as [string, string, string]
const server = await startRelay({ data, port: Number(port), trafficLog })
process.send?.({ url: server.url, port: server.port })
process.on('disconnect', () => void server.close())
