/** A real group whose commits a real relay puts in order: spec/ordering.md section 7 over spec/relay.md section 3.4. */
import { boxId } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import type { Sequencer } from '@hyphae/mls/order'
import { relaySequencer } from '@hyphae/transport-relay'
import { describe, expect, it } from 'vitest'
import {
  authenticator,
  epochOf,
  feed,
  kinds,
  type Peer,
  peers,
  run,
  want,
} from '../../../mls/test/order/peers.js'
import { type RelayClient, startFixture } from '../support/relay.js'

function sequencerOver({ logs }: RelayClient): Sequencer {
  return relaySequencer({
    logs,
    sha256: crypto.sha256,
    keyOf: (seed) => {
      const key = crypto.ed25519.importSeed(seed)
      return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
    },
  })
}

async function submitAll(group: readonly Peer[], sequencers: readonly Sequencer[]): Promise<void> {
  const open = group.flatMap((peer, i) => peer.submitted.splice(0).map((one) => ({ peer, i, ...one })))
  const answers = await Promise.all(
    open.map(async ({ peer, i, parent, envelope }) => {
      const answer = await (sequencers[i] as Sequencer).submit(peer.log.group, parent, envelope)
      return { peer, parent, answer }
    }),
  )
  for (const { peer, parent, answer } of answers) await feed(peer, { kind: 'sequenced', parent, answer })
}

describe('hostile 22: two commits of one epoch', () => {
  it('never come out where a relay sequences them; all members end in one epoch', async () => {
    const fixture = await startFixture()
    const group = await peers(4, { mode: 'relay-sequenced' })
    const clients = await Promise.all(group.map(() => fixture.connect()))
    const sequencers = clients.map(sequencerOver)
    for (const peer of group) await want(peer, { kind: 'update' })
    for (let passed = 0; passed < 30_000; passed += 500) {
      await submitAll(group, sequencers)
      await run(group, 500, 500)
    }
    expect(new Set(group.map(authenticator)).size).toBe(1)
    expect(epochOf(group[0] as Peer)).toBe(5)
    // One commit for each who wanted one: no loser was ever published.
    expect(group.flatMap(({ sent }) => sent)).toHaveLength(4)
    for (const peer of group) expect(kinds(peer.events)).not.toContain('refused')
    await fixture.dispose()
  })
})
