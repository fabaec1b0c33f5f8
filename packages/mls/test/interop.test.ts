// Groups shared with other programs: what the context loosens, and what it never does.
import { beforeEach, describe, expect, it } from 'vitest'
import {
  changeGroup,
  commitLeaves,
  createKeyPackage,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  exportGroupInfo,
  type GroupState,
  joinExternally,
  type MlsInterop,
  processMessage,
  proposeLeave,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { add, custom, extensions, rawProposal, remove } from './attacker.js'
import { after, at, codeOf, type Device, device, groupOf, text } from './helpers.js'

const OPEN: MlsInterop = { publicHandshakes: true, externalJoins: true, extensions: [0xf00f] }
const PUBLIC_MESSAGE = 1
const PRIVATE_MESSAGE = 2
/** required_capabilities: basic credentials and nothing else. */
const REQUIRED = { type: 3, data: Uint8Array.of(0, 0, 2, 0, 1) }

const sharing = (name: string, interop: MlsInterop = OPEN): Device => {
  const made = device(name)
  return { ...made, ctx: { ...made.ctx, interop } }
}

let a: Device
let b: Device
let c: Device
let states: GroupState[]

beforeEach(async () => {
  ;[a, b, c] = [sharing('a'), sharing('b'), sharing('c')]
  states = await groupOf([a, b, c])
})

describe('handshakes as PublicMessages', () => {
  it('commits and proposals travel so, messages do not; all members follow', async () => {
    const update = await updateSelf(a.ctx, at(states, 0))
    expect(update.commit[3]).toBe(PUBLIC_MESSAGE)
    const [sb, sc] = [
      await after(b.ctx, at(states, 1), update.commit),
      await after(c.ctx, at(states, 2), update.commit),
    ]
    expect(epochAuthenticator(sb)).toEqual(epochAuthenticator(update.state))
    const asked = await proposeLeave(c.ctx, sc)
    expect(asked.message[3]).toBe(PUBLIC_MESSAGE)
    const left = await commitLeaves(b.ctx, await after(b.ctx, sb, asked.message))
    const { event } = await processMessage(c.ctx, asked.state, left.commit)
    expect(event).toMatchObject({ removedSelf: true })
    const sent = await encryptMessage(b.ctx, left.state, text('hello'), text(''))
    expect(sent.message[3]).toBe(PRIVATE_MESSAGE)
  })

  it('each byte of one counts: signature, membership tag, confirmation tag', async () => {
    const { commit } = await updateSelf(a.ctx, at(states, 0))
    const before = encodeGroup(at(states, 1))
    for (let i = 0; i < commit.length; i += 7) {
      const damaged = commit.map((byte, j) => (j === i ? byte ^ 1 : byte))
      expect(await codeOf(() => processMessage(b.ctx, at(states, 1), damaged)), `${i}`).toMatch(/^mls\//)
    }
    const tail = commit.map((byte, j) => (j === commit.length - 1 ? byte ^ 1 : byte))
    expect(await codeOf(() => processMessage(b.ctx, at(states, 1), tail))).toBe('mls/undecryptable')
    expect(encodeGroup(at(states, 1))).toEqual(before)
    expect(await codeOf(() => processMessage(b.ctx, at(states, 1), commit))).toBe('no error')
  })

  it('own, early and late ones are told apart, and a member without the setting refuses them', async () => {
    const first = await updateSelf(a.ctx, at(states, 0))
    const second = await updateSelf(a.ctx, first.state)
    expect(await codeOf(() => processMessage(a.ctx, at(states, 0), first.commit))).toBe('mls/own-message')
    expect(await codeOf(() => processMessage(b.ctx, at(states, 1), second.commit))).toBe('mls/wrong-epoch')
    const sb = await after(b.ctx, at(states, 1), first.commit)
    expect(await codeOf(() => processMessage(b.ctx, sb, first.commit))).toBe('mls/wrong-epoch')
    const { interop: _, ...strict } = b.ctx
    expect(await codeOf(() => processMessage(strict, at(states, 1), first.commit))).toBe(
      'mls/unexpected-message',
    )
  })
})

describe('newcomers', () => {
  it('come in when the context says so, and only in their own place', async () => {
    const groupInfo = await exportGroupInfo(a.ctx, at(states, 0))
    const eve = sharing('eve')
    const { commit, state } = await joinExternally(eve.ctx, eve.identity, { groupInfo })
    expect(epochAuthenticator(await after(b.ctx, at(states, 1), commit))).toEqual(epochAuthenticator(state))
    expect(await codeOf(() => joinExternally(eve.ctx, eve.identity, { groupInfo, replaces: 1 }))).toBe(
      'mls/not-permitted',
    )
    const back = await joinExternally(c.ctx, c.identity, { groupInfo })
    expect((await processMessage(c.ctx, at(states, 2), back.commit)).event).toMatchObject({
      removedSelf: true,
    })
    const closed = { ...b.ctx, interop: { ...OPEN, externalJoins: false } }
    expect(await codeOf(() => processMessage(closed, at(states, 1), commit))).toBe('mls/external-commit')
    expect(await codeOf(() => exportGroupInfo(closed, at(states, 1)))).toBe('mls/external-commit')
  })
})

describe('extensions of the group', () => {
  it('change by a commit with a path; removals in it are encrypted under the new ones (defects 2 and 3)', async () => {
    const made = await changeGroup(a.ctx, at(states, 0), { extensions: [REQUIRED], remove: [2] })
    expect(epochAuthenticator(await after(b.ctx, at(states, 1), made.commit))).toEqual(
      epochAuthenticator(made.state),
    )
    const d = sharing('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    expect(await codeOf(() => changeGroup(a.ctx, made.state, { add: [keyPackage] }))).toBe('no error')
  })

  it('that the context does not list, or that a member cannot do, are refused', async () => {
    for (const [wrong, code] of [
      [{ type: 0xf00e, data: new Uint8Array() }, 'mls/bad-commit'],
      [{ type: 5, data: new Uint8Array() }, 'mls/bad-commit'],
      [{ type: 0xf00f, data: new Uint8Array() }, 'mls/bad-commit'],
      [{ type: 3, data: Uint8Array.of(2, 0xf0, 0x0f, 0, 0) }, 'mls/bad-commit'],
      [{ type: 3, data: Uint8Array.of(9) }, 'mls/bad-commit'],
    ] as const)
      expect(await codeOf(() => changeGroup(a.ctx, at(states, 0), { extensions: [wrong] }))).toBe(code)
    const listing = { ...a.ctx, interop: { ...OPEN, extensions: [5] } }
    const senders = [{ type: 5, data: Uint8Array.of(0) }]
    expect(await codeOf(() => changeGroup(listing, at(states, 0), { extensions: senders }))).toBe('no error')
    const { interop: _, ...strict } = a.ctx
    expect(await codeOf(() => changeGroup(strict, at(states, 0), { extensions: [REQUIRED] }))).toBe(
      'mls/unsupported-proposal',
    )
  })
})

describe('what stays closed unless it is asked for by name', () => {
  const psk = {
    proposalType: 'psk' as const,
    psk: {
      preSharedKeyId: { psktype: 'external' as const, pskId: text('psk'), pskNonce: new Uint8Array(32) },
    },
  }

  it('members propose for themselves alone', async () => {
    const d = sharing('d')
    const { keyPackage } = await createKeyPackage(d.ctx, d.identity)
    for (const [proposal, code] of [
      [add(keyPackage), 'mls/unsupported-proposal'],
      [remove(2), 'mls/bad-proposal'],
      [extensions(0xf00f), 'mls/unsupported-proposal'],
      [psk, 'mls/unsupported-proposal'],
      [custom(0xf00d), 'mls/unsupported-proposal'],
    ] as const) {
      const { message } = await rawProposal(a, at(states, 0), proposal)
      expect(await codeOf(() => processMessage(b.ctx, at(states, 1), message))).toBe(code)
    }
  })

  it('with it they may propose what concerns others, and a key that is not known stops the commit alone', async () => {
    const wide = { ...b.ctx, interop: { ...OPEN, wide: { psk: () => null } } }
    for (const proposal of [remove(2), psk]) {
      const { message } = await rawProposal(a, at(states, 0), proposal)
      expect(await codeOf(() => processMessage(wide, at(states, 1), message))).toBe('no error')
    }
    const { message } = await rawProposal(a, at(states, 0), custom(0xf00d))
    expect(await codeOf(() => processMessage(wide, at(states, 1), message))).toBe('mls/unsupported-proposal')
  })

  it('removals work as ever', async () => {
    const removal = await removeMembers(a.ctx, at(states, 0), [2])
    expect((await processMessage(c.ctx, at(states, 2), removal.commit)).event).toMatchObject({
      removedSelf: true,
    })
  })
})
