/** The KEMs every test runs over: each parameter set by each library that computes it. */
import sodium from 'libsodium-wrappers'
import { createKem, type Kem } from '../src/kem/kem.js'
import { nobleMlKem768 } from '../src/kem/noble.js'
import { ML_KEM_768 } from '../src/kem/sizes.js'
import { mlKem1024, mlKem768 as portable768 } from '../src/kem.js'
import { mlKem768 as node768 } from '../src/kem.node.js'
import { sodiumMlKem768 } from '../src/node/sodium-kem.js'

await sodium.ready

/** Library, KEM, public key bytes, ciphertext bytes. */
export const KEMS: readonly (readonly [string, Kem, number, number])[] = [
  ['ml-kem-768 over noble', portable768, 1184, 1088],
  ['ml-kem-768 over libsodium', createKem(ML_KEM_768, sodiumMlKem768(sodium)), 1184, 1088],
  ['ml-kem-768 on Node', node768, 1184, 1088],
  ['ml-kem-1024 over noble', mlKem1024, 1568, 1568],
]

export const KEMS_768: readonly (readonly [string, Kem])[] = KEMS.filter(
  ([, kem]) => kem.name === 'ml-kem-768',
).map(([library, kem]) => [library, kem])

export const ENGINES_768 = [
  ['noble', nobleMlKem768],
  ['libsodium', sodiumMlKem768(sodium)],
] as const
