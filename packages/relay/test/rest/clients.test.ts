import { virtualClock } from '@hyphae/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, MAX_CLIENTS } from '../../src/limits.js'
import { addressOf, clientOf, createClients, trustedProxies } from '../../src/rest/clients.js'
import { createNonces } from '../../src/rest/nonces.js'

const from = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as Parameters<typeof addressOf>[0]

function list(...networks: string[]) {
  const trusted = trustedProxies(networks)
  if (trusted === undefined) throw new Error('no networks')
  return trusted
}

describe('where a request comes from', () => {
  it.each([
    ['203.0.113.9', undefined, '203.0.113.9'],
    ['203.0.113.9', '192.0.2.1', '203.0.113.9'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', 'spoofed, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.66, 192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['10.0.0.1', 'nonsense', '10.0.0.1'],
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
    ['fd00::1', '2001:db8::7', '2001:db8::7'],
  ])('%s, forwarded for %s: %s', (remote, forwarded, address) => {
    expect(addressOf(from(remote, forwarded), list('10.0.0.0/8', 'fd00::/8'))).toBe(address)
  })

  it('believes no header where no proxy is trusted', () => {
    expect(addressOf(from('127.0.0.1', '192.0.2.1'), list())).toBe('127.0.0.1')
  })

  it.each(['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0/8', '::/129', '10.0.0.0/', ''])(
    '%s is no network',
    (network) => {
      expect(trustedProxies([network])).toBeUndefined()
    },
  )

  it('counts an IPv6 customer once', () => {
    expect(clientOf('2001:db8:1:2:3:4:5:6')).toBe(clientOf('2001:db8:1:2::9'))
    expect(clientOf('2001:db8::1')).toBe(clientOf('2001:db8:0:0:ffff::'))
    expect(clientOf('2001:db8:0:1::1')).not.toBe(clientOf('2001:db8::1'))
    expect(clientOf('192.0.2.1')).toBe('192.0.2.1')
  })

  it('remembers a bounded number of addresses, the last ones', () => {
    const limits = { ...DEFAULT_LIMITS, restBurst: 1, restPerSecond: 1 }
    const clients = createClients(list(), limits, virtualClock())
    const take = (address: string): number => clients.of(from(address)).requests.take(1, 0)
    expect(take('198.51.100.1')).toBe(0)
    expect(take('198.51.100.1')).toBeGreaterThan(0)
    for (let i = 0; i < MAX_CLIENTS; i++) take(`10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
    expect(take('198.51.100.1')).toBe(0)
    expect(take('10.0.63.255')).toBeGreaterThan(0)
  })
})

describe('nonces', () => {
  it('hostile 8: are new once in their life, and refused when there is no room for more', () => {
    const nonces = createNonces(1000, 2, 2)
    expect(nonces.use('one', 'a', 0)).toBe('new')
    expect(nonces.use('one', 'a', 999)).toBe('used')
    expect(nonces.use('one', 'b', 500)).toBe('new')
    expect(nonces.use('one', 'c', 600)).toBe('full')
    expect(nonces.roomIn('one', 600)).toBe(400)
    expect(nonces.use('one', 'c', 1000)).toBe('new')
    expect(nonces.use('one', 'b', 1400)).toBe('used')
    expect(nonces.use('one', 'b', 1500)).toBe('new')
  })

  it('hostile 39: of one address take their own room, not that of others, and are used for all', () => {
    const nonces = createNonces(1000, 4, 2)
    expect(nonces.use('other', 'a', 0)).toBe('new')
    expect(nonces.use('greedy', 'b', 100)).toBe('new')
    expect(nonces.use('greedy', 'c', 200)).toBe('new')
    expect(nonces.use('greedy', 'd', 300)).toBe('full')
    expect(nonces.roomIn('greedy', 300)).toBe(800)
    expect(nonces.use('other', 'b', 300)).toBe('used')
    expect(nonces.use('other', 'd', 300)).toBe('new')
    expect(nonces.use('third', 'e', 300)).toBe('full')
    expect(nonces.roomIn('third', 300)).toBe(700)
    expect(nonces.use('third', 'e', 1000)).toBe('new')
    expect(nonces.use('greedy', 'f', 1099)).toBe('full')
    expect(nonces.use('greedy', 'f', 1100)).toBe('new')
  })

  it('hostile 48: a clock that goes back forgets nothing', () => {
    const nonces = createNonces(1000, 10, 10)
    expect(nonces.use('one', 'a', 5000)).toBe('new')
    expect(nonces.use('one', 'a', 0)).toBe('used')
    expect(nonces.use('one', 'a', 5500)).toBe('used')
  })

  it('never accept one twice within its life, however they come', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 400 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, (list) => {
        const nonces = createNonces(1000, 3, 3)
        const accepted = new Map<string, number>()
        let now = 0
        for (const [nonce, wait] of list) {
          now += wait
          if (nonces.use('one', nonce, now) !== 'new') continue
          const before = accepted.get(nonce)
          if (before !== undefined) expect(now - before).toBeGreaterThanOrEqual(1000)
          accepted.set(nonce, now)
        }
      }),
    )
  })
})
