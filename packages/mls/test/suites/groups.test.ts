// Groups in every suite, on both providers at once: made, joined, changed, left, stored.
import { defaultCrypto } from '@hyphae/crypto'
import { describe, expect, it } from 'vitest'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  exportGroupInfo,
  generateSigningKey,
  joinExternally,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
  type MlsSuite,
  processMessage,
  removeMembers,
  type SigningKey,
  updateSelf,
} from '../../src/index.js'
import { p256Suite, p384Suite, xwingSuite } from '../../src/suites.js'
import { codeOf, GROUP_ID, noble, START, text } from '../helpers.js'

const suites = [p256Suite, p384Suite, xwingSuite]

interface Someone {
  readonly ctx: MlsContext
  readonly identity: MlsIdentity<SigningKey>
}

function someone(name: string, suite: MlsSuite, portable: boolean): Someone {
  const crypto = portable ? noble : defaultCrypto
  const ctx = { crypto, suite, suites, clock: { now: () => START }, authenticate: () => true }
  return { ctx, identity: { signing: generateSigningKey(ctx), credential: text(name) } }
}

describe.each([1, 2, 3, 7, 83] as const)('suite %i', (suite) => {
  it('members on node:crypto and on noble share a group from its first commit to its last', async () => {
    const [a, b, c] = [someone('a', suite, false), someone('b', suite, true), someone('c', suite, false)]
    const offers = [await createKeyPackage(b.ctx, b.identity), await createKeyPackage(c.ctx, c.identity)]
    const roles = { inviteRule: 'members', externalJoinRule: 'resync' } as const
    const alone = await createGroup(a.ctx, a.identity, GROUP_ID, roles)
    const added = await addMembers(
      a.ctx,
      alone,
      offers.map(({ keyPackage }) => keyPackage),
    )
    const [ob, oc] = offers as [(typeof offers)[0], (typeof offers)[0]]
    let sa = added.state
    let sb = await joinGroup(b.ctx, { ...ob, welcome: added.welcome })
    let sc = await joinGroup(c.ctx, { ...oc, welcome: added.welcome })
    const update = await updateSelf(b.ctx, sb)
    sb = update.state
    sa = (await processMessage(a.ctx, sa, update.commit)).state
    sc = (await processMessage(c.ctx, decodeGroup(c.ctx, encodeGroup(sc)), update.commit)).state
    expect(epochAuthenticator(sa)).toEqual(epochAuthenticator(sb))
    expect(epochAuthenticator(sa)).toEqual(epochAuthenticator(sc))
    const sent = await encryptMessage(c.ctx, sc, text('hello'), text('aad'))
    expect((await processMessage(b.ctx, sb, sent.message)).event).toMatchObject({ plaintext: text('hello') })
    const back = await joinExternally(c.ctx, c.identity, { groupInfo: await exportGroupInfo(a.ctx, sa) })
    sa = (await processMessage(a.ctx, sa, back.commit)).state
    sb = (await processMessage(b.ctx, sb, back.commit)).state
    const removal = await removeMembers(a.ctx, sa, [1])
    expect((await processMessage(b.ctx, sb, removal.commit)).event).toMatchObject({ removedSelf: true })
    const last = await processMessage(c.ctx, back.state, removal.commit)
    expect(epochAuthenticator(last.state)).toEqual(epochAuthenticator(removal.state))
  })
})

describe('a suite that is not at hand', () => {
  it('is named in the error: KeyPackages, Welcomes and states of it need it', async () => {
    const [a, b] = [someone('a', 83, false), someone('b', 83, false)]
    const without = { ...b.ctx, crypto: { ...defaultCrypto }, suites: [] }
    expect(await codeOf(() => createKeyPackage(without, b.identity))).toBe('mls/unsupported-suite')
    const offer = await createKeyPackage(b.ctx, b.identity)
    const alone = await createGroup(a.ctx, a.identity, GROUP_ID)
    const { welcome, state } = await addMembers(a.ctx, alone, [offer.keyPackage])
    expect(await codeOf(() => joinGroup(without, { ...offer, welcome }))).toBe('mls/unsupported-suite')
    expect(await codeOf(() => decodeGroup(without, encodeGroup(state)))).toBe('mls/bad-snapshot')
  })

  it('a signature key of another suite is refused', async () => {
    const [a, b] = [someone('a', 2, false), someone('b', 7, false)]
    expect(await codeOf(() => createKeyPackage(a.ctx, b.identity))).toBe('mls/bad-argument')
  })
})
