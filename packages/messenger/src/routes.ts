/**
 * The ways that a node's mail goes: each carrier as it is, and beside it, where it has a link, a mailbox over that link
 * (spec/link-mailbox.md). A carrier with nothing but a link is enough.
 */
import type { Carrier, CarrierComponents } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { plainCarrier } from './carrier.js'

export interface RouteParts extends CarrierComponents {
  readonly crypto: CryptoProvider
}

/** Those of the carriers, in their order; the way over a carrier's link comes before its own mailbox. */
export async function routesOf(carriers: readonly Carrier[], parts: RouteParts): Promise<Carrier[]> {
  const routes = await Promise.all(carriers.map((carrier) => waysOf(plainCarrier(carrier), parts)))
  return routes.flat()
}

async function waysOf(carrier: Carrier, parts: RouteParts): Promise<Carrier[]> {
  const { link, topic, directory, traits, name } = carrier
  if (link === undefined) return [carrier]
  // Loaded where there is a link: a page that speaks to a relay alone does without.
  const { linkMailbox } = await import('@hyphae/transport/link-mailbox')
  const over = linkMailbox(link, {
    ...parts,
    traits,
    random: () => uniform(parts.crypto),
    ...(topic && { topic }),
  })
  const close = (): Promise<void> => over.close()
  const way: Carrier = {
    name: `${name}, from node to node`,
    traits,
    mailbox: over.mailbox,
    ...(directory === undefined && { directory: over.directory }),
    close,
    [Symbol.asyncDispose]: close,
  }
  return [way, carrier]
}

/** Uniform in [0, 1): spreads tries, and no secret hangs on it. */
export function uniform(crypto: CryptoProvider): number {
  const bytes = crypto.randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
}
