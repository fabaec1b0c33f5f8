import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleChild } from '../support/bundle.js'
import { KILL_POINTS } from '../support/kill-points.js'
import { killRelays } from '../support/kill-run.js'
import { temporaryFolder } from '../support/relay.js'

let script: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  script = await bundleChild('killable')
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

/** One at each point, and two at random times; `npm run soak -- relay` does 500. */
const KILLS = KILL_POINTS.length + 2

describe('hostile 30 and 35: a relay killed at every point of put, commit, deliver and ack', () => {
  it('loses nothing it acknowledged, and returns nothing whose acknowledgement it confirmed', async () => {
    const report = await killRelays(script, folder.path, KILLS)
    expect(report).toMatchObject({ kills: KILLS, lost: 0, returned: 0 })
    for (const point of KILL_POINTS) expect(report.byPoint[point]).toBe(1)
    expect(report.stored).toBeGreaterThan(KILLS)
    expect(report.confirmed).toBeGreaterThan(KILLS)
  }, 120_000)
})
