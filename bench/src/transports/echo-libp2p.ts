// The other end, in a process of its own: `echo-libp2p.ts ours` or `echo-libp2p.ts bare`. Prints who it is and where it
// listens as its first line, and ends with its standard input.
import process from 'node:process'
import { silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { libp2p } from '@hyphae/transport-libp2p'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

async function echoOurs(): Promise<string> {
  const identity = crypto.ed25519.generate()
  const carrier = await libp2p({ identity, listen: [LOOPBACK], reach: 'local' })({
    clock: systemClock,
    logger: silentLogger,
  })
  void (async () => {
    for await (const { peer, frame } of carrier.link.frames()) await carrier.link.send(peer, frame)
  })()
  return `${carrier.device} ${carrier.addresses()[0]}`
}

async function echoBare(): Promise<string> {
  const { bareLibp2p, ECHO_PROTOCOL } = await import('./bare-libp2p.ts')
  const node = await bareLibp2p([LOOPBACK])
  await node.handle(ECHO_PROTOCOL, (stream) => {
    stream.addEventListener('message', ({ data }) => void stream.send(data))
  })
  return `${node.peerId} ${node.getMultiaddrs()[0]}`
}

process.stdout.write(`${await (process.argv[2] === 'ours' ? echoOurs() : echoBare())}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
