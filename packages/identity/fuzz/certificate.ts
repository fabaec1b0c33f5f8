/** Fuzz target: any bytes as a device certificate. What is accepted is written back as it came. */
import { equalBytes } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { decodeDeviceCertificate, encodeDeviceCertificate, verifyDeviceCertificate } from '../src/index.js'
import type { FuzzTarget } from './target.js'

export const target: FuzzTarget = {
  name: 'certificate',
  run(input) {
    const unverified = decodeDeviceCertificate(input)
    if (!equalBytes(encodeDeviceCertificate(unverified), input)) throw new Error('accepted a second encoding')
    verifyDeviceCertificate(defaultCrypto, unverified)
  },
}
