/** What a manager, its transactions, results and errors show when they are printed: hostile 49. */
import { inspect } from 'node:util'
import { expect, it } from 'vitest'
import { coreOf } from '../../src/session.js'
import { crypto } from '../support.js'
import { accept, begin, bundleOf, newNode, open, refusal, seal, type TestNode, testClock } from './support.js'

const forms = (secret: Uint8Array): string[] => [
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  [...secret].join(','),
  [...secret].join(', '),
]

function shown(value: unknown): string {
  const text = inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null })
  return `${text} ${JSON.stringify(value)} ${String(value)}`
}

/** The secrets of a node and of its sessions. */
async function secretsOf(node: TestNode, peer: TestNode): Promise<Uint8Array[]> {
  const { signing, agreement } = node.device.keys
  const secrets = [crypto.ed25519.exportSeed(signing), crypto.x25519.exportPrivateKey(agreement)]
  for (const { session } of await node.sessions.list(node.store, peer.name)) {
    const core = coreOf(session)
    secrets.push(core.rootKey, core.facts.mailboxSecret)
    if (core.sending.kind === 'ready') secrets.push(core.sending.ratchetSecret, core.sending.chainKey)
    if (core.receiving !== null) secrets.push(core.receiving.chainKey, core.receiving.header.key)
  }
  return secrets
}

it('hostile 49: nothing that is printed, serialised or thrown holds a secret', async () => {
  const clock = testClock()
  const [alice, bob] = [await newNode('alice', clock), await newNode('bob', clock)]
  const begun = await begin(alice, bob, await bundleOf(bob))
  const accepted = await accept(bob, alice, begun.handshake)
  const sealed = await seal(alice, bob, 'x')
  const opened = await open(bob, sealed.frame)
  const thrown: unknown[] = []
  const issued = await bob.sessions.transact((tx) => bob.sessions.issuePrekeys(tx, 1))
  const text = [bob.sessions, alice.sessions, begun, accepted, sealed, opened, issued].map(shown).join()
  await bob.sessions.transact(async (tx) => {
    await bob.sessions.encrypt(tx, 'alice', { body: new Uint8Array(1), size: 128 })
    thrown.push(shown(tx))
  })
  for (const attempt of [
    accept(bob, alice, begun.handshake),
    seal(bob, alice, 'y'.repeat(200)),
    begin(alice, bob, await bundleOf(bob)),
  ]) {
    thrown.push(shown(await attempt.catch((error: unknown) => error)))
    expect(await refusal(attempt)).toMatch(/^ratchet\//)
  }
  const all = text + thrown.join()
  const secrets = [...(await secretsOf(alice, bob)), ...(await secretsOf(bob, alice))]
  expect(secrets.length).toBeGreaterThan(10)
  for (const secret of secrets) for (const form of forms(secret)) expect(all).not.toContain(form)
})
