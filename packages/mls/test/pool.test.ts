// KeyPackages on offer: a stock that is refilled, spent once, and has a last resort (hostile 21).
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  decodePool,
  EMPTY_POOL,
  encodePool,
  type GroupState,
  joinFromPool,
  KEY_PACKAGE_POOL_SIZE,
  type KeyPackagePool,
  MAX_KEY_PACKAGE_POOL,
  MlsError,
  members,
  readKeyPackage,
  refillPool,
  updateSelf,
} from '../src/index.js'
import { at, codeOf, DAY, type Device, device, START, text } from './helpers.js'

const time = { at: START }
let bob: Device

beforeEach(() => {
  time.at = START
  bob = device('bob', { time })
})

const fill = (pool: KeyPackagePool, size = 3): ReturnType<typeof refillPool> =>
  refillPool(bob.ctx, bob.identity, pool, size)

/** Somebody makes a group and invites with this KeyPackage. */
async function invite(
  name: string,
  keyPackage: Uint8Array,
): Promise<{ welcome: Uint8Array; state: GroupState }> {
  const inviter = device(name, { time })
  const groupId = new Uint8Array(16).fill(name.charCodeAt(0))
  const alone = await createGroup(inviter.ctx, inviter.identity, groupId)
  return addMembers(inviter.ctx, alone, [keyPackage])
}

describe('refilling', () => {
  it('makes a batch and one last resort, says which is which, and makes nothing when all is there', async () => {
    const { pool, offers, made } = await refillPool(bob.ctx, bob.identity, EMPTY_POOL)
    expect([offers.length, made]).toEqual([KEY_PACKAGE_POOL_SIZE + 1, KEY_PACKAGE_POOL_SIZE + 1])
    const flags = offers.map(({ keyPackage }) => readKeyPackage(keyPackage).lastResort)
    expect(flags).toEqual(offers.map(({ lastResort }) => lastResort))
    expect(flags.filter(Boolean)).toHaveLength(1)
    const again = await refillPool(bob.ctx, bob.identity, pool)
    expect([again.made, again.offers]).toEqual([0, offers])
  })

  it('replaces what was used, and what ends within a week', async () => {
    const first = await fill(EMPTY_POOL)
    const { welcome } = await invite('a', at(first.offers, 0).keyPackage)
    const joined = await joinFromPool(bob.ctx, first.pool, { welcome })
    const second = await fill(joined.pool)
    expect([second.made, second.offers.length]).toEqual([1, 4])
    time.at = START + 22 * DAY
    const third = await fill(second.pool)
    expect([third.made, third.offers.length]).toEqual([4, 4])
    // What is no longer on offer still opens a Welcome that is on its way.
    const late = await invite('b', at(second.offers, 1).keyPackage)
    expect((await joinFromPool(bob.ctx, third.pool, late)).lastResort).toBe(false)
  })

  it('drops what has ended for so long that no commit with it can arrive', async () => {
    const first = await fill(EMPTY_POOL)
    time.at = START + 120 * DAY
    const second = await fill(first.pool)
    expect(second.pool.entries).toHaveLength(4)
    expect(await codeOf(async () => fill(EMPTY_POOL, MAX_KEY_PACKAGE_POOL + 1))).toBe('mls/bad-argument')
    expect(await codeOf(async () => fill(EMPTY_POOL, 0))).toBe('mls/bad-argument')
  })
})

describe('hostile 21: a KeyPackage that was used', () => {
  it('opens no second Welcome, also from another group and after a restart', async () => {
    const { pool, offers } = await fill(EMPTY_POOL)
    const { keyPackage } = at(offers, 0)
    const [one, two] = [await invite('a', keyPackage), await invite('b', keyPackage)]
    const joined = await joinFromPool(bob.ctx, pool, one)
    expect(members(joined.state)).toHaveLength(2)
    const restored = decodePool(encodePool(joined.pool))
    expect(await codeOf(() => joinFromPool(bob.ctx, restored, two))).toBe('mls/key-package-used')
    expect(await codeOf(() => joinFromPool(bob.ctx, restored, one))).toBe('mls/key-package-used')
    time.at = START + 200 * DAY
    const { pool: forgotten } = await fill(restored)
    expect(forgotten.spent).toEqual([])
  })

  it('is not spent by a Welcome that does not open', async () => {
    const { pool, offers } = await fill(EMPTY_POOL)
    const { welcome } = await invite('a', at(offers, 0).keyPackage)
    const damaged = welcome.map((byte, i) => (i === welcome.length - 5 ? byte ^ 1 : byte))
    expect(await codeOf(() => joinFromPool(bob.ctx, pool, { welcome: damaged }))).toBe('mls/bad-welcome')
    expect((await joinFromPool(bob.ctx, pool, { welcome })).pool.entries).toHaveLength(3)
  })

  it('of another device, or none at all, is told apart', async () => {
    const { pool } = await fill(EMPTY_POOL)
    const carl = device('carl', { time })
    const theirs = await refillPool(carl.ctx, carl.identity, EMPTY_POOL, 1)
    const { welcome } = await invite('a', at(theirs.offers, 0).keyPackage)
    expect(await codeOf(() => joinFromPool(bob.ctx, pool, { welcome }))).toBe('mls/unknown-key-package')
    expect(await codeOf(() => joinFromPool(bob.ctx, pool, { welcome: text('x') }))).toBe('mls/bad-welcome')
  })

  it('and one that has expired, or carries a refused credential, is of no use to an inviter', async () => {
    const { offers } = await fill(EMPTY_POOL)
    time.at = START + 29 * DAY
    expect(await codeOf(() => invite('a', at(offers, 0).keyPackage))).toBe('mls/expired')
    time.at = START
    const believing = { ...bob.ctx, authenticate: () => true }
    const mallory = { ...bob.identity, credential: text('mallory') }
    const bad = await refillPool(believing, mallory, EMPTY_POOL, 1)
    expect(await codeOf(() => invite('a', at(bad.offers, 0).keyPackage))).toBe('mls/bad-credential')
  })
})

describe('hostile 21: the last resort', () => {
  it('serves two inviters, is flagged to both sides, and is replaced afterwards', async () => {
    const { pool, offers } = await fill(EMPTY_POOL)
    const last = offers.find(({ lastResort }) => lastResort)
    if (last === undefined) throw new Error('no last resort')
    const [one, two] = [await invite('a', last.keyPackage), await invite('b', last.keyPackage)]
    const first = await joinFromPool(bob.ctx, pool, one)
    expect(first.lastResort).toBe(true)
    const second = await joinFromPool(bob.ctx, decodePool(encodePool(first.pool)), two)
    expect(second.lastResort).toBe(true)
    // What the docs ask for: both memberships get keys of their own at once.
    for (const { state } of [first, second])
      expect(await codeOf(() => updateSelf(bob.ctx, state))).toBe('no error')
    const refilled = await fill(second.pool)
    expect(refilled.made).toBe(1)
    const offered = refilled.offers.filter(({ lastResort }) => lastResort)
    expect(offered).toHaveLength(1)
    expect(at(offered, 0).keyPackage).not.toEqual(last.keyPackage)
  })
})

describe('a pool as bytes', () => {
  it('comes back as it was, and shares no memory with its bytes', async () => {
    const { pool, offers } = await fill(EMPTY_POOL, 2)
    const { welcome } = await invite('a', at(offers, 1).keyPackage)
    const { pool: used } = await joinFromPool(bob.ctx, pool, { welcome })
    const bytes = encodePool(used)
    const back = decodePool(bytes)
    expect(back).toEqual(used)
    bytes.fill(0)
    expect(back).toEqual(used)
    expect(decodePool(encodePool(EMPTY_POOL))).toEqual(EMPTY_POOL)
  })

  it('hostile 1: any bytes are a pool in its one form, or a typed refusal', async () => {
    const { pool } = await fill(EMPTY_POOL, 1)
    const good = encodePool(pool)
    const input = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.nat(good.length - 1).map((cut) => good.slice(0, cut)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([i, value]) => {
        const changed = good.slice()
        changed[i] = value
        return changed
      }),
      fc.constant(Uint8Array.of(...good, 0)),
    )
    fc.assert(
      fc.property(input, (bytes) => {
        try {
          expect(encodePool(decodePool(bytes))).toEqual(bytes)
        } catch (error) {
          if (!(error instanceof MlsError)) throw error
          expect(error.code).toBe('mls/bad-snapshot')
        }
      }),
    )
  })
})
