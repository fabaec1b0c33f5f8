/** Primitives and the portable curve. */
import type { CreateNostr } from './nostr.js'
import { nobleSecp256k1 } from './secp256k1.js'

/** With @noble/curves unless another curve is given; on Node with libsecp256k1 where it is installed. */
export const createNostr: CreateNostr = (crypto, secp256k1 = nobleSecp256k1) => ({ crypto, secp256k1 })
