/** What `libp2p(options)` gives. */
import type { Carrier, CarrierComponents, Directory, Link, Topic, Transport } from '@hyphae/core'
import type { Libp2p } from '@libp2p/interface'
import type { Libp2pOptions } from './options.js'

export interface Libp2pCarrier extends Carrier {
  readonly link: Link
  readonly directory: Directory
  readonly topic: Topic
  /** What others on libp2p know this node by. */
  readonly peerId: string
  /** Device id: what `link` knows it by. */
  readonly device: string
  /** The node below, for protocols of one's own. Closing the carrier stops it. */
  readonly libp2p: Libp2p
  /** Where this node can be dialled now, each ending in /p2p/ and the peer id; relays come and go. */
  addresses(): string[]
}

export type Libp2pCarrierTransport = (components: CarrierComponents) => Promise<Libp2pCarrier>
export type Libp2pTransportFactory = (options: Libp2pOptions) => Libp2pCarrierTransport & Transport
