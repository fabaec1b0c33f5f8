// hostile 48: clocks that are years off or go backwards. They cost time, and change no choice.
import { describe, expect, it } from 'vitest'
import { correctTimes } from '../../src/order/clock.js'
import { openDraft } from '../../src/order/draft.js'
import { MAX_WAIT_MS, REISSUE_MS, SETTLE_MS } from '../../src/order/index.js'
import { START } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  epochOf,
  hear,
  invitable,
  type Peer,
  peers,
  permutations,
  run,
  stateOf,
  tick,
  twin,
  want,
} from './peers.js'

const YEARS = 10 * 365 * 24 * 3600 * 1000

describe('hostile 48: the clock', () => {
  it('orders no commits: members ten years apart choose alike', async () => {
    const group = (await peers(3)) as [Peer, Peer, Peer]
    const [a, b, c] = group
    const envelopes = [await commit(a)]
    a.time.at += 30 * 24 * 3600 * 1000
    envelopes.push(await commit(b))
    const seen = new Set<string>()
    for (const order of permutations(envelopes))
      for (const at of [START - 20 * 24 * 3600 * 1000, START + 80 * 24 * 3600 * 1000]) {
        const peer = twin(c)
        peer.time.at = at
        for (const envelope of order) await hear(peer, envelope)
        seen.add(authenticator(peer))
      }
    expect(seen.size).toBe(1)
  })

  it('that is set back keeps no Welcome, no intent and no commit waiting', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const { offer } = await invitable('new', a)
    const rival = await evilCommit(b.device, stateOf(b), { remove: [] })
    await commit(a, { kind: 'add', keyPackage: offer.keyPackage })
    a.log = { ...a.log, intents: a.log.intents.map((one) => ({ ...one, due: START + YEARS })) }
    a.log = { ...a.log, welcomes: a.log.welcomes.map((one) => ({ ...one, since: START + YEARS })) }
    await tick(a)
    a.time.at += SETTLE_MS
    await tick(a)
    expect(a.welcomes).toHaveLength(1)
    expect(a.events).toContainEqual(expect.objectContaining({ kind: 'intent-done' }))
    await hear(a, rival.envelope)
    await run([a], REISSUE_MS)
    expect(epochOf(a)).toBeGreaterThan(1)
  })

  it('that is set back lets a stall, a plea and a sequencer run out', async () => {
    const [a] = (await peers(2, { mode: 'relay-sequenced' })) as [Peer, Peer]
    await want(a, { kind: 'update' })
    const late = START + YEARS
    const { submitted } = a.log
    const offer = { keyPackage: new Uint8Array(1), target: a.log.tip, since: late }
    const stall = {
      since: late,
      tag: a.log.tip,
      epoch: 1,
      shown: true,
      asked: late,
      late: true,
      leaving: true,
      offer,
    }
    const log = { ...a.log, answered: late, stall, submitted: submitted && { ...submitted, since: late } }
    const draft = openDraft(a.ctx, log)
    correctTimes(draft)
    expect(draft).toMatchObject({
      answered: START,
      submitted: { since: START },
      stall: { since: START, asked: START, offer: { since: START } },
    })
    expect(MAX_WAIT_MS).toBeGreaterThan(REISSUE_MS)
  })
})
