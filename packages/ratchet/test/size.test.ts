/** The programs whose size is measured do what they are measured for. */
import { describe, expect, it } from 'vitest'
import { app as classic } from '../size/classic.js'
import { app as pq } from '../size/pq.js'

const NOW = 1_750_000_000_000

describe.each([
  ['classic', classic, 112],
  ['post-quantum', pq, 1204],
])('the %s program', (_, app, handshakeBytes) => {
  it('publishes, begins, answers and talks both ways, from its stored bytes alone', () => {
    const [alice, bob] = [app.device(), app.device()]
    const first = app.publish(bob, null, NOW)
    const { prekeys, bundles } = app.publish(bob, first.prekeys, NOW + 1)
    expect([first.bundles.length, bundles.length]).toEqual([3, 3])
    for (const bundle of [...first.bundles, ...bundles]) {
      const begun = app.begin(alice, bundle, bob.signing.publicKey, NOW)
      expect(begun.handshake.length).toBe(handshakeBytes)
      const sent = app.send(begun.session, 'hello')
      const { session } = app.answer(bob, prekeys, begun.handshake, app.publicKeys(alice), NOW)
      const got = app.receive(session, sent.frame, NOW)
      expect(got?.text).toBe('hello')
      if (got === null) continue
      const answered = app.send(got.session, 'and you')
      expect(app.receive(sent.session, answered.frame, NOW)?.text).toBe('and you')
      expect(app.receive(got.session, sent.frame, NOW)).toBeNull()
    }
  })

  it('takes a one-time prekey once', () => {
    const [alice, bob] = [app.device(), app.device()]
    const { prekeys, bundles } = app.publish(bob, null, NOW)
    const begun = app.begin(alice, bundles[0] as Uint8Array, bob.signing.publicKey, NOW)
    const after = app.answer(bob, prekeys, begun.handshake, app.publicKeys(alice), NOW).prekeys
    expect(() => app.answer(bob, after, begun.handshake, app.publicKeys(alice), NOW)).toThrow('used before')
  })
})
