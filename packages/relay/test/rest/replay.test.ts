import { get } from 'node:http'
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import { MAX_NONCES, SIGNATURE_SKEW_MS, SIGNATURE_WINDOW_MS } from '../../src/limits.js'
import { authenticate } from '../../src/rest/authenticate.js'
import { createNonces } from '../../src/rest/nonces.js'
import { signRequest } from '../../src/rest/sign.js'
import { startFixture } from '../support/relay.js'
import { newKey } from '../support/rest.js'

const LIFE_MS = SIGNATURE_WINDOW_MS + SIGNATURE_SKEW_MS

describe('hostile 8: a signed request of the furthest future that is believed', () => {
  it('is believed once, at no moment of its life a second time', () => {
    const key = crypto.ed25519.generate()
    const now = 1_800_000_000_000
    const clock = { ...systemClock, now: () => now + SIGNATURE_SKEW_MS }
    const signer = { publicKey: key.publicKey, sign: (m: Uint8Array) => crypto.ed25519.sign(key, m) }
    const request = { method: 'GET', url: 'http://relay.example/api/v1/keys/stats' }
    const headers = signRequest(request, signer, { clock, crypto })
    const message = {
      method: 'GET',
      authority: 'relay.example',
      path: '/api/v1/keys/stats',
      query: '?',
      field: (name: string) => (headers[name] === undefined ? undefined : [headers[name]]),
    }
    const context = { client: '', crypto, nonces: createNonces(LIFE_MS, MAX_NONCES, MAX_NONCES) }
    const outcome = (at: number): string => {
      const result = authenticate(message, new Uint8Array(0), at, context)
      return 'key' in result ? 'believed' : result.code
    }
    expect(outcome(now - 1)).toBe('expired')
    expect(outcome(now)).toBe('believed')
    expect([1, 1000, LIFE_MS - 1].map((ms) => outcome(now + ms))).toEqual([
      'replayed',
      'replayed',
      'replayed',
    ])
    expect([LIFE_MS, LIFE_MS + 1].map((ms) => outcome(now + ms))).toEqual(['expired', 'expired'])
  })
})

describe('hostile 8: a signed request that was recorded', () => {
  it('is refused by the same relay after a restart', async () => {
    const fixture = await startFixture({ names: ['127.0.0.1'] })
    const { port } = fixture.server
    const request = { method: 'GET', url: `http://127.0.0.1:${port}/api/v1/keys/stats` }
    const headers = signRequest(request, newKey(), { clock: systemClock, crypto })
    const shown = async (): Promise<unknown> => {
      const url = `${fixture.server.url.replace('ws', 'http')}/api/v1/keys/stats`
      // The port is signed as well: the relay behind the same name, wherever it listens now.
      const response = await new Promise<{ status: number; body: string }>((resolve, reject) => {
        const asked = get(url, { headers: { ...headers, host: `127.0.0.1:${port}` } }, async (answer) => {
          const parts = await answer.toArray()
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() })
        })
        asked.on('error', reject)
      })
      return response.status === 200 ? 200 : (JSON.parse(response.body) as { code: unknown }).code
    }
    expect(await shown()).toBe(200)
    await fixture.restart()
    expect(await shown()).toBe('replayed')
    await fixture.dispose()
  })
})
