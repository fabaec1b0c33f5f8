/** A transport that has links but no blobs gets them: what is put travels as objects over its link. */
import type { Carrier, Link, Store, Transport } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Attachment } from './attachment.js'
import { linkBlobs } from './blobs.js'
import { ObjectsError } from './errors.js'
import { type ExchangeOptions, openExchange } from './exchange.js'
import { splitLink } from './split-link.js'

export interface WithObjectsOptions {
  /** Where objects are kept: a store of its own. Closed with the carrier. */
  readonly store: Store
  /** Whom to exchange with, besides those the link knows of and those who speak first. */
  readonly peers?: readonly string[]
  readonly crypto?: CryptoProvider
  readonly quotaBytes?: number
  readonly accept?: ExchangeOptions['accept']
}

/** How often the link is asked who may be spoken to. */
const PEERS_INTERVAL_MS = 5_000

/** The same transport with `blobs`; unchanged where it has some, or no link. */
export function withObjects(transport: Transport, options: WithObjectsOptions): Transport {
  return async (components) => {
    const carrier = await transport(components)
    const { link } = carrier
    if (carrier.blobs !== undefined || link === undefined) return carrier
    const { store, quotaBytes, accept, crypto } = options
    const split = splitLink(link)
    const exchange = await openExchange({
      ...components,
      store,
      ...(crypto && { crypto }),
      ...(accept && { accept }),
      ...(quotaBytes !== undefined && { quotaBytes }),
    })
    const blobs = await linkBlobs({ exchange, store, logger: components.logger, ...(crypto && { crypto }) })
    const attachment = exchange.attach({
      link: split.objects,
      traits: carrier.traits,
      peers: options.peers ?? [],
      strangers: true,
      name: carrier.name,
    })
    const closing = new AbortController()
    const looking = (async () => {
      while (!closing.signal.aborted) {
        addPeers(attachment, knownPeers(link))
        await components.clock.sleep(PEERS_INTERVAL_MS, closing.signal, true).catch(() => {})
      }
    })().catch(() => {})
    const close = async (): Promise<void> => {
      closing.abort()
      await looking
      await blobs.close()
      await exchange.close()
      await split.close()
      await carrier.close()
      await store.close()
    }
    return withBlobs(carrier, split.rest, blobs, close)
  }
}

/** As many as there may be: who is one too many is heard when it speaks and another has gone. */
function addPeers(attachment: Attachment, peers: readonly string[]): void {
  try {
    for (const peer of peers) attachment.add(peer)
  } catch (error) {
    if (!(error instanceof ObjectsError)) throw error
  }
}

function knownPeers(link: Link): readonly string[] {
  return link.peers?.() ?? []
}

function withBlobs(
  carrier: Carrier,
  link: Link,
  blobs: NonNullable<Carrier['blobs']>,
  close: () => Promise<void>,
): Carrier {
  const { name, traits, mailbox, directory, topic } = carrier
  return {
    name,
    traits,
    link,
    blobs,
    ...(mailbox && { mailbox }),
    ...(directory && { directory }),
    ...(topic && { topic }),
    close,
    [Symbol.asyncDispose]: close,
  }
}
