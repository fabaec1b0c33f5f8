/** What a later client tries with a relay that knows none of it, and that it gets along all the same. */
import type { RelayCarrier } from '@hyphae/transport-relay'
import { BOX, item, speak } from './session.js'

const code = (error: { readonly code: string }): string => error.code

export async function speakLater(carrier: RelayCarrier): Promise<unknown[]> {
  const said: unknown[] = []
  const { tickets, requests, bucketBits } = await carrier.describe()
  said.push({ tickets, requests: requests.length, bucketBits })
  await carrier.mailbox.put([{ ...item(20, 128), ttl: 7 }])
  await carrier.mailbox.put([{ ...item(21, 128), ttl: 1 }])
  for (const delivery of await carrier.mailbox.fetch(BOX)) {
    said.push(delivery.frame[0])
    await delivery.ack()
  }
  said.push(await carrier.terms.get(BOX.id))
  said.push(await carrier.terms.set(BOX, { accepts: [] }).catch(code))
  said.push(await carrier.buckets.fetch({ bits: 0, prefix: 0 }).catch(code))
  said.push(await carrier.logs.append(BOX, 0, Uint8Array.of(1)).catch(code))
  said.push(await carrier.channels.announce(BOX.id, item(1, 128).frame).catch(code))
  const wakes = carrier.buckets.wakes({ bits: 0, prefix: 0 })[Symbol.asyncIterator]()
  said.push(await wakes.next().catch(code))
  said.push(...(await speak(carrier)))
  return said
}
