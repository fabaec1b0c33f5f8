/** Primitives and the fastest curve that this machine has. */
import { loadLibsecp256k1 } from './libsecp256k1.node.js'
import type { CreateNostr } from './nostr.js'
import { nobleSecp256k1, type Secp256k1 } from './secp256k1.js'

let fastest: Secp256k1 | undefined

/** With @noble/curves unless another curve is given; on Node with libsecp256k1 where it is installed. */
export const createNostr: CreateNostr = (crypto, secp256k1) => {
  if (secp256k1 !== undefined) return { crypto, secp256k1 }
  fastest ??= loadLibsecp256k1() ?? nobleSecp256k1
  return { crypto, secp256k1: fastest }
}
