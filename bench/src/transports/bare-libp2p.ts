// A libp2p node with what a stream needs and nothing else: TCP, noise, yamux.
import './with-resolvers.ts'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'

export const ECHO_PROTOCOL = '/hyphae-bench/echo/1.0.0'

export function bareLibp2p(listen: readonly string[]): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
}
