/** Our half of a DH ratchet step (Double Ratchet section 3.4): a new key pair and the chain that it starts. */
import type { SessionCrypto, X25519PrivateKey } from '@hyphae/crypto'
import { headerChain } from './header-chain.js'
import type { RootStep } from './kdf.js'
import type { ReadySide } from './session.js'

/** `headerKey` is of this chain, and `pn` the length of the sending chain before it. */
export function readySide(
  crypto: SessionCrypto,
  ratchetKey: X25519PrivateKey,
  { chainKey, nextHeaderKey }: RootStep,
  headerKey: Uint8Array,
  pn: number,
): ReadySide {
  return {
    kind: 'ready',
    ratchetKey,
    ratchetPublic: ratchetKey.publicKey,
    ratchetSecret: crypto.x25519.exportPrivateKey(ratchetKey),
    chainKey,
    headerKey,
    n: 0,
    pn,
    next: headerChain(nextHeaderKey),
  }
}
