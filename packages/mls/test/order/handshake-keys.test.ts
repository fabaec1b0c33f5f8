// A member seals at most one handshake message with each of its keys, whatever it wants at the same time and wherever
// the choice of branch leads it.
import { describe, expect, it } from 'vitest'
import { joinGroup } from '../../src/index.js'
import { decodeEnvelope } from '../../src/order/envelope.js'
import { SEQUENCER_MS, SETTLE_MS, startLog } from '../../src/order/index.js'
import { decodePrivateMessage, openSenderData } from '../../src/private-message.js'
import { openState } from '../../src/state.js'
import { at } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  commit,
  contextOf,
  feed,
  hear,
  invitable,
  names,
  type Peer,
  peerOf,
  peers,
  run,
  stateOf,
  tick,
  twin,
  want,
  write,
} from './peers.js'

const sequenced = { mode: 'relay-sequenced' } as const

/** The places in a member's handshake ratchet that these were sealed with, by a state of their epoch. */
function generations(reader: Peer, envelopes: readonly Uint8Array[]): number[] {
  const { client, cs } = openState(reader.ctx.mls, stateOf(reader))
  return envelopes.map((envelope) => {
    const message = decodePrivateMessage(decodeEnvelope(reader.ctx.mls.crypto, envelope).body)
    return openSenderData(cs.sync, client.keySchedule.senderDataSecret, message).generation
  })
}

describe('one handshake key for one message', () => {
  it('a leave waits while a commit of the same epoch is under way, and then goes its way', async () => {
    const group = (await peers(3, sequenced)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    await want(b, { kind: 'update' })
    await want(b, { kind: 'leave' })
    const commit = at(b.submitted, 0).envelope
    const made = [commit, ...b.sent]
    expect(new Set(generations(c, made)).size).toBe(made.length)
    await run(group, 3 * SEQUENCER_MS)
    expect(names(a)).toEqual(['a', 'c'])
  })

  it('a commit after a leave takes the next key', async () => {
    const [, b, c] = (await peers(3, sequenced)) as [Peer, Peer, Peer]
    await want(b, { kind: 'leave' })
    await want(b, { kind: 'update' })
    expect(generations(c, [at(b.sent, 0), at(b.submitted, 0).envelope])).toEqual([0, 1])
  })

  it('a commit that never came out is asked for again with the same bytes when its branch comes back', async () => {
    const group = (await peers(6, sequenced)) as [Peer, Peer, Peer, Peer, Peer, Peer]
    const [a, b, c, d] = group
    const early = twin(a)
    const x = await evilCommit(c.device, stateOf(c), { remove: [4] })
    const p = await evilCommit(c.device, x.state, { remove: [5] })
    for (const { envelope } of [x, p]) await hear(b, envelope)
    await want(b, { kind: 'update' })
    const parent = b.log.tip
    const y = await evilCommit(d.device, stateOf(d))
    await hear(a, y.envelope)
    const y2 = await evilCommit(a.device, stateOf(a))
    for (const { envelope } of [y, y2]) await hear(b, envelope)
    expect(b.log.tip).not.toBe(parent)
    await hear(early, x.envelope)
    await hear(b, (await evilCommit(a.device, stateOf(early))).envelope)
    expect(b.log.tip).toBe(parent)
    for (let passed = 0; passed < 3_000; passed += 1_000) {
      a.time.at += 1_000
      await tick(b)
    }
    const submitted = b.submitted.filter((one) => one.parent === parent)
    expect(submitted.length).toBeGreaterThan(1)
    expect(new Set(submitted.map(({ envelope }) => Buffer.from(envelope).toString('hex'))).size).toBe(1)
    await run([b], SEQUENCER_MS)
    expect(b.log.nodes.get(b.log.tip)?.parent).toBe(parent)
  })
  it('a Welcome that is opened twice gives no key twice', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const { device, offer } = await invitable('new', a)
    await hear(b, await commit(a, { kind: 'add', keyPackage: offer.keyPackage }))
    a.time.at += SETTLE_MS
    await tick(a)
    const welcome = at(a.welcomes, 0)
    const joined = await joinGroup(device.ctx, { ...offer, welcome })
    const ctx = contextOf(device)
    const newcomer = peerOf(device, await startLog(ctx, joined), ctx)
    const first = await write(newcomer, 'once')
    await feed(newcomer, { kind: 'joined', state: await joinGroup(device.ctx, { ...offer, welcome }) })
    const second = await write(newcomer, 'twice')
    expect(generations(b, [first, second])).toEqual([0, 1])
  })
})
