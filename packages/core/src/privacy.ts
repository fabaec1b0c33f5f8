/** What a carrier hides, as an order: an application asks for "at least". Knows no carriers. */

/**
 * What a carrier's operator can learn, least private first:
 * - `direct`: the peer sees this node's address, and the network that the two speak;
 * - `relayed`: somebody between sees this node's address and the boxes it puts to and reads;
 * - `bucketed`: this node's address, and of the boxes it reads only which crowd they are in;
 * - `broadcast`: the address of who sends; everybody hears everything, so nothing of who reads;
 * - `two-hop`: nobody sees both an address and a box.
 */
export type CarrierPrivacy = 'direct' | 'relayed' | 'bucketed' | 'broadcast' | 'two-hop'

export const CARRIER_PRIVACY: readonly CarrierPrivacy[] = [
  'direct',
  'relayed',
  'bucketed',
  'broadcast',
  'two-hop',
]

/** True when `offered` keeps at least what `wanted` keeps. */
export function isAsPrivate(offered: CarrierPrivacy, wanted: CarrierPrivacy): boolean {
  return CARRIER_PRIVACY.indexOf(offered) >= CARRIER_PRIVACY.indexOf(wanted)
}
