import type { Node } from './nodes.js'
import { pause } from './nodes.js'

/** Where a node can be reached through its relay, once the relay has made room for it. */
export async function circuitOf(one: Pick<Node, 'addresses'>): Promise<string[]> {
  for (let tries = 0; tries < 200; tries++) {
    const places = one.addresses().filter((address) => address.includes('/p2p-circuit'))
    if (places.length > 0) return places
    await pause(25)
  }
  throw new Error('the relay has made no room')
}
