/** Carriers for tests: on a memory network, scripted, or failing. */
import {
  type BoxKey,
  boxId,
  type Carrier,
  type Delivery,
  type Mailbox,
  type MailboxPut,
  silentLogger,
  systemClock,
} from '@hyphae/core'
import { type MemoryNetworkOptions, memoryNetwork, TransportError } from '@hyphae/transport'

export const components = { clock: systemClock, logger: silentLogger }

export function memoryCarrier(options?: MemoryNetworkOptions): Promise<Carrier> {
  return memoryNetwork(options)()(components)
}

/** A box for networks that do not verify. */
export function plainBox(number: number): BoxKey {
  return { id: boxId(new Uint8Array(32).fill(number)), sign: () => new Uint8Array(64) }
}

export function frame(number: number, size = 128): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(2, number)
  return bytes
}

export function numberOf({ frame: bytes }: { readonly frame: Uint8Array }): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(2)
}

export function put(box: BoxKey, number: number): MailboxPut {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, number)
  return { box: box.id, id, frame: frame(number) }
}

/** A carrier with only the mailbox functions given; the others fail. */
export function carrierWith(name: string, mailbox: Partial<Mailbox>, base: Carrier): Carrier {
  const fail = (): never => {
    throw new TransportError('transport/lost')
  }
  return {
    ...base,
    name,
    mailbox: { put: async () => fail(), fetch: async () => fail(), watch: fail, ...mailbox },
  }
}

/** The next `count` deliveries. */
export async function take(iterator: AsyncIterator<Delivery>, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = []
  while (taken.length < count) {
    const next = await iterator.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
