import { connect } from 'node:net'
import { toHex } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type LinkSubject, linkCompliance } from '@hyphae/testkit'
import { describe, it } from 'vitest'
import { link } from '../src/index.node.js'
import { ADDRESSES, components } from './support/links.js'
import { startProxy } from './support/proxy.js'

/** Two devices with a wire between them that can be cut. */
async function open(place: string): Promise<LinkSubject> {
  const [near, far] = [crypto.ed25519.generate(), crypto.ed25519.generate()]
  const other = await link({ identity: far, listen: [place] })(components)
  const target = place.startsWith('unix:')
    ? { path: place.slice('unix:'.length) }
    : { host: '127.0.0.1', port: Number(new URL(other.listening[0] as string).port) }
  const proxy = await startProxy(target)
  const otherName = toHex(far.publicKey)
  const addresses = (peer: string): string[] => (peer === otherName ? [`tcp://127.0.0.1:${proxy.port}`] : [])
  const carrier = await link({ identity: near, addresses })(components)
  return {
    carrier,
    other,
    carrierName: toHex(near.publicKey),
    otherName,
    stranger: 'a'.repeat(64),
    cut: proxy.cut,
    garble: (bytes) =>
      new Promise((resolve) => {
        const socket = connect(target, () => socket.end(bytes))
        socket
          .resume()
          .on('error', () => {})
          .on('close', () => resolve())
        setTimeout(() => socket.destroy(), 100)
      }),
    dispose: async () => {
      await Promise.all([carrier.close(), other.close()])
      await proxy.stop()
    },
  }
}

describe.each(ADDRESSES)('a link to %s', (_name, address) => {
  for (const { name, run } of linkCompliance(() => open(address()), { crypto })) it(name, run)
})
