// Hostile cases 22 to 27: schedules of a group in turmoil. After quiet all honest members are in one epoch,
// have shown the same messages once each and want nothing more; whoever is out reads nothing. Twenty-five here, two hundred in
// `.ci/run`, as many as are wanted by `npm run soak -- mls`.
import { describe, expect, it } from 'vitest'
import { planOf } from './plan.js'
import { outcomeText, smaller } from './report.js'
import { runPlan } from './world.js'

const SCHEDULES = 25
/** What CI runs, and what is asked of the drawing. */
const DRAWN = 200
const BLOCK = 25

describe.each(Array.from({ length: SCHEDULES / BLOCK }, (_, block) => block * BLOCK + 1))(
  'schedules from %i on',
  (first) => {
    it('hostile 22, 23, 25, 26, 27: one epoch and the same messages after quiet', async () => {
      for (let seed = first; seed < first + BLOCK; seed++) {
        const outcome = await runPlan(planOf(seed))
        if (outcome.violation !== undefined) expect.fail(outcomeText(await smaller(outcome)))
      }
    }, 120_000)
  },
)

describe('schedules that have failed once', () => {
  it.each([
    [2274, 'five commits of one member in one epoch, and another has built on the one that goes last'],
    [2579, 'roles without an admin are wanted while a sequencer is asked, and a crash follows'],
    [2653, 'one step passes the only epochs in which a sender is a member'],
    [2301, 'only the villain has invited a device, onto a branch that lost'],
    [5741, 'a commit rests on a proposal that a newcomer was never sent'],
    [6733, 'a newcomer follows what the villain goes on to commit where it has invited it'],
    [7613, 'the same in a group with roles'],
    [8558, 'a removal silences a member and loses; and one founder alone can tell a newcomer'],
    [1192, 'a removal has lost to a commit that is kept for good from whom it removed'],
    [8251, 'one step goes back some epochs and forth again past those that know a sender'],
    [4185, 'who has invited a device leaves, and the invitation loses'],
    [9747, 'the villain removes one founder and builds on a commit of the other'],
  ])('%i: %s', async (seed) => {
    const outcome = await runPlan(planOf(seed))
    expect(outcome.violation, outcomeText(outcome)).toBeUndefined()
  })
})

describe('what the schedules hold', () => {
  const plans = Array.from({ length: DRAWN }, (_, index) => planOf(index + 1))

  it('groups of 3 to 20, both modes, with and without roles, villains and lying carriers', () => {
    const sizes = plans.map(({ founders }) => founders.length)
    expect(Math.min(...sizes)).toBe(3)
    expect(Math.max(...sizes)).toBeGreaterThan(15)
    expect(new Set(plans.map(({ mode }) => mode)).size).toBe(2)
    for (const some of [
      plans.filter(({ roles }) => roles !== null),
      plans.filter(({ roles }) => roles === null),
      plans.filter(({ villain }) => villain !== null),
      plans.filter(({ withhold, withholdForGood }) => withhold > 0 && withholdForGood > 0),
      plans.filter(({ loss, duplicate }) => loss > 0 && duplicate > 0),
      plans.filter(({ seconds }) => seconds.length > 0),
    ])
      expect(some.length).toBeGreaterThan(10)
  })

  it('every deed and every fault', () => {
    const deeds = new Set(plans.flatMap(({ actions }) => actions.map(({ deed }) => deed.kind)))
    expect([...deeds].sort()).toEqual(
      [
        'equivocate',
        'expel',
        'favour',
        'garbage',
        'invite',
        'leave',
        'promote',
        'say',
        'spam',
        'update',
        'usurp',
      ].sort(),
    )
    const faults = new Set(plans.flatMap((plan) => plan.faults.map(({ kind }) => kind)))
    expect(faults.size).toBe(5)
  })

  it('the same seed is the same run, to the last byte sent', async () => {
    for (const seed of [4, 28]) {
      const [a, b] = [await runPlan(planOf(seed)), await runPlan(planOf(seed))]
      expect(a.result.events).toBeGreaterThan(100)
      expect(b.result.fingerprint).toBe(a.result.fingerprint)
    }
  })
})
