// Hostile case 21: KeyPackages that must not bring anybody in.
import { utf8 } from '@hyphae/core'
import type { KeyPackage } from 'ts-mls'
import { beforeEach, describe, expect, it } from 'vitest'
import { encodeMessage } from '../../src/codec.js'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  encodeGroup,
  type GroupState,
  joinGroup,
  MAX_CREDENTIAL_BYTES,
  MAX_KEY_PACKAGE_BYTES,
  processMessage,
  removeMembers,
} from '../../src/index.js'
import { decodeKeyPackage } from '../../src/key-package.js'
import { add, raw, rawCommit, rawKeyPackage, rawPath } from '../attacker.js'
import { after, codeOf, DAY, type Device, device, GROUP_ID, groupOf, START } from '../helpers.js'

let a: Device
let b: Device
let sa: GroupState
let sb: GroupState

beforeEach(async () => {
  ;[a, b] = [device('a'), device('b')]
  ;[sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
})

/** What the inviter says, and what the others say when an inviter adds it all the same. */
async function verdicts(keyPackage: Uint8Array): Promise<[string, string]> {
  const before = encodeGroup(sa)
  const inviter = await codeOf(() => addMembers(a.ctx, sa, [keyPackage]))
  expect(encodeGroup(sa)).toEqual(before)
  const commit = await rawCommit(a, sa, { proposals: [add(keyPackage)], path: (await rawPath(a, sa)).path })
  const attack = await codeOf(() => processMessage(b.ctx, sb, commit))
  return [inviter, attack]
}

/** The same device, believing everybody. */
const reckless = (d: Device): Device => ({ ...d, ctx: { ...d.ctx, authenticate: () => true } })

describe('hostile 21: a KeyPackage is refused by its inviter and by every other member', () => {
  it('when its credential is refused', async () => {
    const eve = reckless(device('eve'))
    const identity = { ...eve.identity, credential: utf8('bad:eve') }
    const { keyPackage } = await createKeyPackage(eve.ctx, identity)
    expect(await verdicts(keyPackage)).toEqual(['mls/bad-credential', 'mls/bad-credential'])
    expect(await codeOf(() => createKeyPackage(a.ctx, identity))).toBe('mls/bad-credential')
    expect(await codeOf(() => createGroup(a.ctx, identity, GROUP_ID))).toBe('mls/bad-credential')
  })

  it('when a credential belongs to another key', async () => {
    const bound = (credential: Uint8Array, key: Uint8Array): boolean =>
      new TextDecoder().decode(credential) !== 'ok:c' ||
      key.every((v, i) => v === c.identity.signing.publicKey[i])
    const c = device('c')
    const thief = device('c')
    const { keyPackage } = await createKeyPackage(thief.ctx, thief.identity)
    const strict = { ...a, ctx: { ...a.ctx, authenticate: bound } }
    expect(await codeOf(() => addMembers(strict.ctx, sa, [keyPackage]))).toBe('mls/bad-credential')
  })

  it('when it has expired, is not yet good, or asks for too long', async () => {
    const c = device('c')
    const { keyPackage } = await createKeyPackage(c.ctx, c.identity)
    const late = { ...a, ctx: { ...a.ctx, clock: { now: () => START + 29 * DAY } } }
    const early = { ...a, ctx: { ...a.ctx, clock: { now: () => START - 2 * DAY } } }
    expect(await codeOf(() => addMembers(late.ctx, sa, [keyPackage]))).toBe('mls/expired')
    expect(await codeOf(() => addMembers(early.ctx, sa, [keyPackage]))).toBe('mls/expired')
    const now = BigInt(START / 1000)
    const ages: [bigint, bigint][] = [
      [now - 10n, now + 60n * 86_400n],
      [now + 3n * 86_400n, now + 4n * 86_400n],
      [now + 10n, now - 10n],
      [0n, now - 120n * 86_400n],
    ]
    for (const [notBefore, notAfter] of ages) {
      const lifetime = { notBefore, notAfter }
      const bad = await rawKeyPackage(c, () => ({ leaf: { lifetime } }))
      expect(await verdicts(bad)).toEqual(['mls/expired', 'mls/expired'])
    }
  })

  it('but a commit that is read late still brings in whom it added in time', async () => {
    const c = device('c')
    const offer = await createKeyPackage(c.ctx, c.identity)
    const added = await addMembers(a.ctx, sa, [offer.keyPackage])
    const at60 = { ...b.ctx, clock: { now: () => START + 60 * DAY } }
    expect((await processMessage(at60, sb, added.commit)).event).toMatchObject({ added: [{ leaf: 2 }] })
    const at150 = { ...b.ctx, clock: { now: () => START + 150 * DAY } }
    expect(await codeOf(() => processMessage(at150, sb, added.commit))).toBe('mls/expired')
    const joinerAt150 = { ...c.ctx, clock: at150.clock }
    expect(await codeOf(() => joinGroup(joinerAt150, { ...offer, welcome: added.welcome }))).toBe(
      'mls/expired',
    )
  })

  it('when it is used twice: in one commit, while its device is in, never after it left', async () => {
    const c = device('c')
    const { keyPackage } = await createKeyPackage(c.ctx, c.identity)
    expect(await codeOf(() => addMembers(a.ctx, sa, [keyPackage, keyPackage]))).toBe('mls/duplicate-member')
    const added = await addMembers(a.ctx, sa, [keyPackage])
    expect(await codeOf(() => addMembers(a.ctx, added.state, [keyPackage]))).toBe('mls/duplicate-member')
    const removal = await removeMembers(a.ctx, added.state, [2])
    expect(await codeOf(() => addMembers(a.ctx, removal.state, [keyPackage]))).toBe('no error')
  })

  it('when a key or credential of it is in the group already (defect 9)', async () => {
    const c = device('c')
    const node = raw(b, sb).client.ratchetTree[2]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    const { hpkePublicKey } = node.leaf
    const sameKey = await rawKeyPackage(c, () => ({ leaf: { hpkePublicKey } }))
    expect(await verdicts(sameKey)).toEqual(['mls/duplicate-member', 'mls/duplicate-member'])
    const twin = device('b')
    const { keyPackage } = await createKeyPackage(twin.ctx, twin.identity)
    expect(await verdicts(keyPackage)).toEqual(['mls/duplicate-member', 'mls/duplicate-member'])
    const again = await createKeyPackage(b.ctx, b.identity)
    expect(await verdicts(again.keyPackage)).toEqual(['mls/duplicate-member', 'mls/duplicate-member'])
  })

  it('when a key in it is one that no honest device makes', async () => {
    const c = device('c')
    const zero = new Uint8Array(32)
    const nonCanonical = new Uint8Array(32).fill(0xff)
    for (const key of [zero, nonCanonical, new Uint8Array(31), new Uint8Array(0)]) {
      const leaf = await rawKeyPackage(c, () => ({ leaf: { hpkePublicKey: key } }))
      expect(await verdicts(leaf)).toEqual(['mls/bad-key-package', 'mls/bad-key-package'])
      const init = await rawKeyPackage(c, () => ({ outer: { initKey: key } }))
      expect(await verdicts(init)).toEqual(['mls/bad-key-package', 'mls/bad-key-package'])
    }
    const smallOrder = await rawKeyPackage(c, () => ({ leaf: { signaturePublicKey: zero } }))
    expect(await verdicts(smallOrder)).toEqual(['mls/bad-key-package', 'mls/bad-key-package'])
    const unnamed = { extensions: [{ extensionType: 0xf00d, extensionData: new Uint8Array() }] }
    for (const change of [{ outer: unnamed }, { leaf: unnamed }])
      expect(await verdicts(await rawKeyPackage(c, () => change))).toEqual([
        'mls/bad-key-package',
        'mls/bad-commit',
      ])
    const same = await rawKeyPackage(c, ({ leafNode }) => ({ outer: { initKey: leafNode.hpkePublicKey } }))
    expect(await verdicts(same)).toEqual(['mls/bad-key-package', 'mls/bad-commit'])
  })

  it('when it is for another suite, another credential type or without the capabilities', async () => {
    const other = device('c', { suite: 3 })
    const { keyPackage } = await createKeyPackage(other.ctx, other.identity)
    expect(await verdicts(keyPackage)).toEqual(['mls/bad-key-package', 'mls/bad-key-package'])
    const c = device('c')
    const x509 = await rawKeyPackage(c, () => ({
      leaf: { credential: { credentialType: 'x509', certificates: [utf8('ok:c')] } },
    }))
    expect(await verdicts(x509)).toEqual(['mls/bad-credential', 'mls/bad-credential'])
    const mute = await rawKeyPackage(c, ({ leafNode }) => ({
      leaf: { capabilities: { ...leafNode.capabilities, credentials: [] } },
    }))
    expect(await verdicts(mute)).toEqual(['mls/bad-key-package', 'mls/bad-key-package'])
  })

  it('when a signature in it is wrong', async () => {
    const c = device('c')
    const { keyPackage } = await createKeyPackage(c.ctx, c.identity)
    const outer = keyPackage.slice()
    outer[outer.length - 1] = (outer[outer.length - 1] as number) ^ 1
    expect(await verdicts(outer)).toEqual(['mls/bad-key-package', 'mls/bad-commit'])
    const decoded = decodeKeyPackage(keyPackage)
    const leafNode = {
      ...decoded.leafNode,
      signature: decoded.leafNode.signature.map((v, i) => (i ? v : v ^ 1)),
    }
    const inner = encodeMessage({
      version: 'mls10',
      wireformat: 'mls_key_package',
      keyPackage: { ...decoded, leafNode } as KeyPackage,
    })
    expect(await verdicts(inner)).toEqual(['mls/bad-key-package', 'mls/bad-commit'])
  })

  it('when it is malformed anywhere, or too large', async () => {
    const c = device('c')
    const { keyPackage } = await createKeyPackage(c.ctx, c.identity)
    const refused = (bytes: Uint8Array): Promise<string> => codeOf(() => addMembers(a.ctx, sa, [bytes]))
    for (let i = 0; i < keyPackage.length; i++) {
      expect(await refused(keyPackage.subarray(0, i))).toBe('mls/bad-key-package')
      const changed = keyPackage.slice()
      changed[i] = (changed[i] as number) ^ 1
      expect(await refused(changed), `byte ${i}`).toMatch(
        /^mls\/(bad-key-package|bad-credential|expired|too-large)$/,
      )
    }
    expect(await refused(Uint8Array.of(...keyPackage, 0))).toBe('mls/bad-key-package')
    expect(await refused(new Uint8Array(MAX_KEY_PACKAGE_BYTES + 1))).toBe('mls/too-large')
    const big = { ...c.identity, credential: utf8(`ok:${'c'.repeat(MAX_CREDENTIAL_BYTES)}`) }
    expect(await codeOf(() => createKeyPackage(c.ctx, big))).toBe('mls/bad-argument')
  })
})

describe('a group goes on after every refusal', () => {
  it('and adds an honest device', async () => {
    const c = device('c')
    const offer = await createKeyPackage(c.ctx, c.identity)
    await codeOf(() => addMembers(a.ctx, sa, [offer.keyPackage.subarray(1)]))
    const added = await addMembers(a.ctx, sa, [offer.keyPackage])
    const joined = await joinGroup(c.ctx, { ...offer, welcome: added.welcome })
    expect(encodeGroup(await after(b.ctx, sb, added.commit)).length).toBeGreaterThan(0)
    expect(joined.kind).toBe('mls-group')
  })
})
