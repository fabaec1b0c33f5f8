// A post-quantum session in a browser: PQXDH, two epochs of its ratchet in the padding, and a snapshot in between.
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decodeSession,
  decryptFrame,
  encodeSession,
  encryptFrame,
  generateOneTimePrekeys,
  initiateSession,
  type SessionState,
  sessionHealth,
  verifyPrekeyBundle,
} from '@hyphae/ratchet'
import { postQuantum as pq } from '@hyphae/ratchet/pq'
import { expect, it } from 'vitest'

const NOW = Date.UTC(2026, 0, 1)

function device(): DeviceKeys {
  return { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
}

function pair(): [SessionState, SessionState] {
  const [a, b] = [device(), device()]
  const stocked = generateOneTimePrekeys(crypto, b, createPrekeyState(crypto, b, { now: NOW, pq }), 1)
  const offered = decodePrekeyBundle(stocked.bundles[0] as Uint8Array)
  const bundle = verifyPrekeyBundle(crypto, offered, b.signing.publicKey)
  const begun = initiateSession(crypto, { keys: a, bundle, now: NOW, pq })
  const peer = { signing: a.signing.publicKey, agreement: a.agreement.publicKey }
  const { handshake } = begun
  const accepted = acceptSession(crypto, { keys: b, prekeys: stocked.state, handshake, peer, now: NOW })
  return [begun.session, accepted.session]
}

it('begins with PQXDH and heals with a post-quantum ratchet', () => {
  const ends = pair()
  for (let i = 0; i < 120; i++) {
    const [from, to] = i % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)
    const sent = encryptFrame(crypto, ends[from], { body: Uint8Array.of(i), size: 512 })
    const opened = decryptFrame(crypto, ends[to], sent.frame, { now: NOW + i })
    if (opened === null) throw new Error(`message ${i} did not open`)
    expect([...opened.body]).toEqual([i])
    ends[from] = sent.session
    ends[to] = decodeSession(crypto, encodeSession(opened.session), { pq })
  }
  for (const session of ends) {
    const { pqEpoch, pqHealedAt, pqStalled } = sessionHealth(session)
    expect(pqEpoch).toBeGreaterThanOrEqual(2)
    expect(pqHealedAt).toBeGreaterThan(NOW)
    expect(pqStalled).toBe(false)
  }
})
