import type { Resolver } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { encodeIdentityRecord, resolveHandle, staticResolver } from '../src/index.js'
import { flipBit, party, recordOf } from './support.js'

const alice = party(crypto)
const old = recordOf(crypto, alice)
const current = recordOf(crypto, alice, { sequence: 2, handles: ['alice@example.com', 'al@example.com'] })
const proposing = (...proposals: readonly Uint8Array[]): Resolver => ({
  name: 'test',
  resolve: async () => [...proposals],
})

describe('resolver', () => {
  it('finds a handle in any spelling, the newest record first', async () => {
    const resolver = staticResolver([old, current])
    expect(await resolver.resolve('ALICE@example.com')).toEqual([current, old].map(encodeIdentityRecord))
    expect(await resolveHandle(crypto, resolver, 'Alice@example.com')).toEqual(current)
    expect(await resolveHandle(crypto, resolver, 'al@example.com')).toEqual(current)
    expect(await resolveHandle(crypto, resolver, 'bob@example.com')).toBeNull()
    await expect(resolveHandle(crypto, resolver, 'bob')).rejects.toMatchObject({
      code: 'identity/bad-handle',
    })
  })

  it('hostile 45: only proposes: what does not hold is passed over', async () => {
    const bytes = encodeIdentityRecord(current)
    const unclaimed = encodeIdentityRecord(recordOf(crypto, party(crypto), { handles: ['eve@example.com'] }))
    const lies = [
      new Uint8Array(0),
      new Uint8Array(100_000),
      flipBit(bytes, 400),
      bytes.subarray(1),
      unclaimed,
    ]
    expect(await resolveHandle(crypto, proposing(...lies), 'alice@example.com')).toBeNull()
    expect(await resolveHandle(crypto, proposing(...lies, bytes), 'alice@example.com')).toEqual(current)
    const flood = Array.from({ length: 16 }, () => new Uint8Array(0))
    expect(await resolveHandle(crypto, proposing(...flood, bytes), 'alice@example.com')).toBeNull()
  })

  it('keeps to the account that came first', async () => {
    const other = encodeIdentityRecord(recordOf(crypto, party(crypto), { sequence: 99 }))
    const proposals = [old, current].map(encodeIdentityRecord)
    expect(await resolveHandle(crypto, proposing(...proposals, other), 'alice@example.com')).toEqual(current)
  })

  it('hands the signal on', async () => {
    const { signal } = new AbortController()
    let seen: AbortSignal | undefined
    const resolver: Resolver = {
      name: 'test',
      resolve: async (_, options) => {
        seen = options?.signal
        return []
      },
    }
    await resolveHandle(crypto, resolver, 'alice@example.com', { signal })
    expect(seen).toBe(signal)
  })
})
