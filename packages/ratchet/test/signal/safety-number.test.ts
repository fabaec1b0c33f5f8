import { utf8 } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { safetyNumber } from '../../src/signal.js'
import { codeOf, crypto } from './support.js'

const party = (identifier: string) => ({
  identifier: utf8(identifier),
  identityKey: crypto.x25519.generate().publicKey,
})

describe('safety numbers', () => {
  it('are 60 digits, the same from both sides', () => {
    const [alice, bob] = [party('alice'), party('bob')]
    const number = safetyNumber(crypto, alice, bob)
    expect(number).toMatch(/^\d{60}$/)
    expect(safetyNumber(crypto, bob, alice)).toBe(number)
  })

  it('change with either key and either identifier, in one half alone', () => {
    const [alice, bob] = [party('alice'), party('bob')]
    const halves = (number: string): string[] => [number.slice(0, 30), number.slice(30)]
    const before = halves(safetyNumber(crypto, alice, bob))
    for (const changed of [party('bob'), { ...bob, identifier: utf8('bobb') }]) {
      const after = halves(safetyNumber(crypto, alice, changed))
      expect(after.filter((half) => before.includes(half))).toHaveLength(1)
    }
  })

  it('refuse an empty or very long identifier and a key of another length', () => {
    const good = party('alice')
    const bad = [
      { ...good, identifier: new Uint8Array(0) },
      { ...good, identifier: new Uint8Array(257) },
      { ...good, identityKey: new Uint8Array(33) },
    ]
    for (const other of bad) {
      expect(codeOf(() => safetyNumber(crypto, good, other))).toBe('ratchet/signal-bad-argument')
    }
  })
})
