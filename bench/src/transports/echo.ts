// The other end, in a process of its own: `echo.ts link <address>`, `echo.ts bare <path, or nothing for TCP>` or `echo.ts
// datagrams`. Prints where it listens as its first line, and ends with its standard input.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'
import { silentLogger, systemClock, toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { link } from '@hyphae/transport-link'

const [kind, address = ''] = process.argv.slice(2)

async function echoLink(): Promise<string> {
  const identity = crypto.ed25519.generate()
  const carrier = await link({ identity, listen: [address] })({ clock: systemClock, logger: silentLogger })
  void (async () => {
    for await (const { peer, frame } of carrier.link.frames()) await carrier.link.send(peer, frame)
  })()
  return `${toHex(identity.publicKey)} ${carrier.listening[0]}`
}

async function echoBare(): Promise<string> {
  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('data', (bytes) => socket.write(bytes))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => {
    if (address === '') server.listen(0, '127.0.0.1', resolve)
    else server.listen(address, resolve)
  })
  const bound = server.address()
  return typeof bound === 'object' && bound !== null ? String(bound.port) : address
}

async function echoDatagrams(): Promise<string> {
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { port }) => socket.send(bytes, port, '127.0.0.1'))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return String(socket.address().port)
}

const starts: Record<string, () => Promise<string>> = {
  link: echoLink,
  bare: echoBare,
  datagrams: echoDatagrams,
}
process.stdout.write(`${await starts[kind as string]?.()}\n`)
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
