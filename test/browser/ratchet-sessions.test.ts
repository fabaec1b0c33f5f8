// Sessions kept in a store, in a browser: begun, answered, restarted, and a copy that comes back found out.
import { systemClock as clock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type DeviceKeys, decodePrekeyBundle, verifyPrekeyBundle } from '@hyphae/ratchet'
import { postQuantum as pq } from '@hyphae/ratchet/pq'
import { openSessions, type Sessions, type Witness } from '@hyphae/ratchet/sessions'
import { memoryEngine, memoryStore } from '@hyphae/store'
import { expect, it } from 'vitest'

function device(): DeviceKeys {
  return { signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() }
}

function witness(): Witness {
  let value: number | undefined
  return {
    read: async () => value,
    advance: async (generation) => {
      value = Math.max(value ?? 0, generation)
    },
  }
}

async function talk(from: Sessions, to: Sessions, name: string, text: string): Promise<string | null> {
  const body = new TextEncoder().encode(text)
  const { frame } = await from.transact((tx) => from.encrypt(tx, name, { body, size: 512 }))
  const opened = await to.transact((tx) => to.decrypt(tx, { frame }))
  return opened === null ? null : new TextDecoder().decode(opened.body)
}

it('keeps sessions over a restart, and notices an old copy', async () => {
  const [aliceKeys, bobKeys] = [device(), device()]
  const engine = memoryEngine()
  const shared = { crypto, clock, pq }
  const own = { ...shared, keys: aliceKeys, witness: witness() }
  const alice = await openSessions({ ...own, store: memoryStore({ engine }) })
  const bob = await openSessions({ ...shared, keys: bobKeys, store: memoryStore() })
  const { bundles } = await bob.transact((tx) => bob.issuePrekeys(tx, 1))
  const offered = decodePrekeyBundle(bundles[0] as Uint8Array)
  const bundle = verifyPrekeyBundle(crypto, offered, bobKeys.signing.publicKey)
  const { handshake } = await alice.transact((tx) => alice.begin(tx, { device: 'bob', bundle }))
  const peer = { signing: aliceKeys.signing.publicKey, agreement: aliceKeys.agreement.publicKey }
  await bob.transact((tx) => bob.accept(tx, { device: 'alice', peer, handshake }))
  expect(await talk(alice, bob, 'bob', 'one')).toBe('one')
  expect(await talk(bob, alice, 'alice', 'two')).toBe('two')

  const all = { gte: new Uint8Array(), lt: new Uint8Array(64).fill(0xff) }
  const copy = await engine.range(all)
  const again = await openSessions({ ...own, store: memoryStore({ engine }) })
  expect(await talk(again, bob, 'bob', 'three')).toBe('three')

  await engine.write(copy)
  const old = await openSessions({ ...own, store: memoryStore({ engine }) })
  expect(old.status()).toBe('rolled-back')
  await expect(talk(old, bob, 'bob', 'four')).rejects.toMatchObject({ code: 'ratchet/rolled-back' })
})
