// A 1:1 session in a browser: first contact, both directions, out of order, and across a snapshot.
import { fromUtf8, utf8 } from '@hyphae/core'
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
  verifyPrekeyBundle,
} from '@hyphae/ratchet'
import { expect, it } from 'vitest'

const NOW = Date.UTC(2026, 0, 1)

function device(): DeviceKeys {
  return { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
}

function peerOf(keys: DeviceKeys): { signing: Uint8Array; agreement: Uint8Array } {
  return { signing: keys.signing.publicKey, agreement: keys.agreement.publicKey }
}

function pair(): { alice: SessionState; bob: SessionState } {
  const [a, b] = [device(), device()]
  const stocked = generateOneTimePrekeys(crypto, b, createPrekeyState(crypto, b, { now: NOW }), 1)
  const offered = decodePrekeyBundle(stocked.bundles[0] as Uint8Array)
  const bundle = verifyPrekeyBundle(crypto, offered, b.signing.publicKey)
  const begun = initiateSession(crypto, { keys: a, bundle, now: NOW })
  const { handshake } = begun
  const accepted = acceptSession(crypto, {
    keys: b,
    prekeys: stocked.state,
    handshake,
    peer: peerOf(a),
    now: NOW,
  })
  expect(accepted.usedOneTime).toBe(true)
  return { alice: begun.session, bob: accepted.session }
}

/** The frames of `texts` and the state after them. */
function say(from: SessionState, ...texts: string[]): { session: SessionState; frames: Uint8Array[] } {
  let session = from
  const frames = texts.map((text) => {
    const sent = encryptFrame(crypto, session, { body: utf8(text), size: 512 })
    session = sent.session
    return sent.frame
  })
  return { session, frames }
}

function hear(session: SessionState, frame: Uint8Array): { session: SessionState; text: string } {
  const read = decryptFrame(crypto, session, frame)
  if (read === null) throw new Error('the frame is not for this session')
  return { session: read.session, text: fromUtf8(read.body) }
}

it('carries a conversation in both directions', () => {
  let { alice, bob } = pair()
  for (let round = 0; round < 4; round++) {
    const there = say(alice, `ping ${round}`)
    alice = there.session
    const heard = hear(bob, there.frames[0] as Uint8Array)
    expect(heard.text).toBe(`ping ${round}`)
    const back = say(heard.session, `pong ${round}`)
    bob = back.session
    const answer = hear(alice, back.frames[0] as Uint8Array)
    expect(answer.text).toBe(`pong ${round}`)
    alice = answer.session
  }
})

it('reads out of order, and each frame once (hostile 8: replay)', () => {
  const { alice, bob } = pair()
  const { frames } = say(alice, 'zero', 'one', 'two')
  let session = bob
  for (const [at, text] of [
    [2, 'two'],
    [0, 'zero'],
    [1, 'one'],
  ] as const) {
    const heard = hear(session, frames[at] as Uint8Array)
    expect(heard.text).toBe(text)
    session = heard.session
  }
  for (const frame of frames) expect(decryptFrame(crypto, session, frame)).toBeNull()
})

it('goes on from a snapshot', () => {
  const { alice, bob } = pair()
  const { frames } = say(decodeSession(crypto, encodeSession(alice)), 'kept')
  expect(hear(decodeSession(crypto, encodeSession(bob)), frames[0] as Uint8Array).text).toBe('kept')
})

it('refuses a frame with one bit changed', () => {
  const { alice, bob } = pair()
  const frame = say(alice, 'whole').frames[0] as Uint8Array
  const changed = frame.slice()
  changed[200] = (changed[200] as number) ^ 1
  expect(decryptFrame(crypto, bob, changed)).toBeNull()
  expect(hear(bob, frame).text).toBe('whole')
})
