// The slim provider in a browser: the programs whose size is measured, talking to each other's defaults.
import { nobleCrypto } from '@hyphae/crypto'
import { slimCrypto } from '@hyphae/crypto/slim'
import { postQuantum } from '@hyphae/ratchet/pq'
import { expect, it } from 'vitest'
import { createApp } from '../../packages/ratchet/size/app.js'
import { app as classic } from '../../packages/ratchet/size/classic.js'
import { app as pq } from '../../packages/ratchet/size/pq.js'

const NOW = Date.UTC(2026, 0, 1)

it.each([
  ['classic', classic, createApp(nobleCrypto)],
  ['post-quantum', pq, createApp(nobleCrypto, postQuantum)],
])('%s sessions with a device on the whole provider', (_, slim, whole) => {
  const [alice, bob] = [slim.device(), whole.device()]
  const { prekeys, bundles } = whole.publish(bob, null, NOW)
  const begun = slim.begin(alice, bundles[0] as Uint8Array, bob.signing.publicKey, NOW)
  const sent = slim.send(begun.session, 'hello')
  const { session } = whole.answer(bob, prekeys, begun.handshake, slim.publicKeys(alice), NOW)
  const got = whole.receive(session, sent.frame, NOW)
  if (got === null) throw new Error('it did not open')
  expect(got.text).toBe('hello')
  const answer = whole.send(got.session, 'and you')
  expect(slim.receive(sent.session, answer.frame, NOW)?.text).toBe('and you')
})

it('takes its randomness from the platform', () => {
  expect(slimCrypto.randomBytes(32)).not.toEqual(slimCrypto.randomBytes(32))
})
