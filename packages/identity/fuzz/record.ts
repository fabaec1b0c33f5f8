/** Fuzz target: any bytes as an identity record. What is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { decodeIdentityRecord, encodeIdentityRecord, verifyIdentityRecord } from '../src/index.js'
import type { FuzzTarget } from './target.js'

export const target: FuzzTarget = {
  name: 'record',
  run(input) {
    const unverified = decodeIdentityRecord(input)
    if (!equalBytes(encodeIdentityRecord(unverified), input)) throw new Error('accepted a second encoding')
    verifyIdentityRecord(defaultCrypto, unverified, unverified.account)
  },
}
