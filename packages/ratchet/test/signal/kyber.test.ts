import { sha3_256, shake256 } from '@noble/hashes/sha3.js'
import { ml_kem1024 } from '@noble/post-quantum/ml-kem.js'
import { describe, expect, it } from 'vitest'
import { kyberDecapsulate, kyberEncapsulate, kyberPublicKey } from '../../src/signal/kyber.js'
import { codeOf, crypto, flipped } from './support.js'

const seed = crypto.randomBytes(64)
const publicKey = kyberPublicKey(seed)

describe('Kyber-1024, round 3', () => {
  it('agrees on a secret that is not the one of ML-KEM', () => {
    const { ciphertext, secret } = kyberEncapsulate(crypto, publicKey)
    expect([publicKey.length, ciphertext.length, secret.length]).toEqual([1568, 1568, 32])
    expect(kyberDecapsulate(seed, ciphertext)).toEqual(secret)
    const key = ml_kem1024.decapsulate(ciphertext, ml_kem1024.keygen(seed).secretKey)
    expect(secret).not.toEqual(key)
    const input = new Uint8Array(64)
    input.set(key)
    input.set(sha3_256(ciphertext), 32)
    expect(secret).toEqual(shake256(input, { dkLen: 32 }))
  })

  it('gives unrelated secrets for a ciphertext that was touched', () => {
    const { ciphertext, secret } = kyberEncapsulate(crypto, publicKey)
    const seen = new Set<string>([secret.join()])
    for (const bit of [0, 777, 1568 * 8 - 1])
      seen.add(kyberDecapsulate(seed, flipped(ciphertext, bit)).join())
    expect(seen.size).toBe(4)
  })

  it('refuses a public key with a coefficient that is not below q', () => {
    const bad = Uint8Array.from(publicKey).fill(0xff, 0, 3)
    expect(codeOf(() => kyberEncapsulate(crypto, bad))).toBe('ratchet/signal-bad-key')
    expect(codeOf(() => kyberEncapsulate(crypto, publicKey.subarray(1)))).toBe('ratchet/signal-bad-key')
  })
})
