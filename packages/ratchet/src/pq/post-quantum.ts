/** The implementation of PostQuantum over ML-KEM (spec/session.md, "Suites"). */
import { type Kem, type KemName, mlKem768, mlKem1024 } from '@hyphae/crypto/kem'
import type { PostQuantum } from '../post-quantum.js'
import { receivePq } from './receive.js'
import { sendPq } from './send.js'
import { decodePq, encodePq } from './snapshot.js'
import { beginPq } from './state.js'

export interface PostQuantumOptions {
  /** The KEM of new prekeys; ML-KEM-768 unless given. Other bundles are understood either way. */
  readonly prekeyKem?: KemName
}

const KEMS: Readonly<Record<KemName, Kem>> = { 'ml-kem-768': mlKem768, 'ml-kem-1024': mlKem1024 }

export function createPostQuantum(options: PostQuantumOptions = {}): PostQuantum {
  return Object.freeze({
    prekeyKem: KEMS[options.prekeyKem ?? 'ml-kem-768'],
    kem: (name: KemName) => KEMS[name],
    begin: beginPq,
    send: sendPq,
    receive: receivePq,
    encode: encodePq,
    decode: decodePq,
  })
}

/** ML-KEM-768 prekeys. */
export const postQuantum: PostQuantum = /* @__PURE__ */ createPostQuantum()
