/** Fuzz target: any bytes as the description of an object. What is accepted names one object. */
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { openDescription, treeShape } from '../src/index.js'
import type { FuzzTarget } from './support/target.js'

export const target: FuzzTarget = {
  name: 'header',
  run(input) {
    const { header } = openDescription(crypto, input)
    if (treeShape(header.size).blocks > 29_000) throw new Error('more blocks than an object may have')
  },
}
