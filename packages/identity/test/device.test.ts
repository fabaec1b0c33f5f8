import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { createDeviceKeys, decodeDeviceKeys, encodeDeviceKeys } from '../src/index.js'
import { codeOf } from './support.js'

describe('device keys', () => {
  it('come back from a snapshot', () => {
    const keys = createDeviceKeys(crypto)
    const snapshot = encodeDeviceKeys(crypto, keys)
    const back = decodeDeviceKeys(crypto, snapshot)
    expect(snapshot).toHaveLength(193)
    for (const name of ['signing', 'agreement', 'mls', 'intro', 'introBox', 'directory'] as const) {
      expect(back[name].kind).toBe(keys[name].kind)
      expect(back[name].publicKey).toEqual(keys[name].publicKey)
    }
    expect(encodeDeviceKeys(crypto, back)).toEqual(snapshot)
  })

  it('do not come from anything else', () => {
    const snapshot = encodeDeviceKeys(crypto, createDeviceKeys(crypto))
    for (const bytes of [
      new Uint8Array(0),
      snapshot.subarray(1),
      new Uint8Array(194).fill(1),
      snapshot.with(0, 2),
    ])
      expect(codeOf(() => decodeDeviceKeys(crypto, bytes))).toBe('identity/bad-seed')
  })
})
