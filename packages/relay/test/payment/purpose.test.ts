import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { Purchase, Till } from '@hyphae/payment'
import { describe, expect, it } from 'vitest'
import { paymentChecks } from '../../src/payment/checks.js'

describe('hostile 8: what a payment ticket was paid for', () => {
  const box = crypto.randomBytes(32)
  const id = crypto.randomBytes(16)
  const ticket = { kind: 'payment', bytes: new Uint8Array(69) } as const

  /** The digest under which the till remembers this put. */
  async function purpose(frameBytes: number, ttl: 1 | 7 | 14 | 30): Promise<string> {
    const bought: Purchase[] = []
    const till = {
      takePayment: async (_: Uint8Array, purchase: Purchase) => void bought.push(purchase),
    } as unknown as Till
    const { payment } = paymentChecks(crypto, { till })
    await payment?.({ box, id, frame: new Uint8Array(frameBytes), ttl, ticket }, undefined)
    expect(bought).toMatchObject([{ bytes: frameBytes, days: ttl }])
    return Buffer.from(bought[0]?.purpose ?? []).toString('hex')
  }

  it('is the same for a repeated put, and another for a larger frame or a longer time', async () => {
    const first = await purpose(128, 1)
    expect(await purpose(128, 1)).toBe(first)
    const all = await Promise.all([first, purpose(4096, 1), purpose(128, 30), purpose(4096, 30)])
    expect(new Set(all).size).toBe(4)
  })
})
