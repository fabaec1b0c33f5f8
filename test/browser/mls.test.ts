// A group of three in a browser: everybody reads, and whoever is removed reads no more.
import { fromUtf8, utf8 } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  decodeGroup,
  encodeGroup,
  encryptMessage,
  epochAuthenticator,
  type GroupState,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
  members,
  processMessage,
  removeMembers,
} from '@hyphae/mls'
import { expect, it } from 'vitest'

const GROUP = new Uint8Array(16).fill(7)
const ctx: MlsContext = {
  crypto,
  clock: { now: () => Date.UTC(2026, 0, 1) },
  authenticate: (credential) => fromUtf8(credential).startsWith('device '),
}

function member(name: string): MlsIdentity {
  return { signing: crypto.ed25519.generate(), credential: utf8(`device ${name}`) }
}

async function groupOfThree(): Promise<[GroupState, GroupState, GroupState]> {
  const offers = await Promise.all(
    [member('b'), member('c')].map((identity) => createKeyPackage(ctx, identity)),
  )
  const added = await addMembers(
    ctx,
    await createGroup(ctx, member('a'), GROUP),
    offers.map(({ keyPackage }) => keyPackage),
  )
  const { welcome } = added
  const [b, c] = await Promise.all(offers.map((offer) => joinGroup(ctx, { ...offer, welcome })))
  return [added.state, b as GroupState, c as GroupState]
}

it('joins three, and a message of any is read by the others with its sender', async () => {
  const [a, b, c] = await groupOfThree()
  for (const state of [b, c]) expect(epochAuthenticator(state)).toEqual(epochAuthenticator(a))
  const { message } = await encryptMessage(ctx, b, utf8('hello, all'), utf8('aad'))
  for (const reader of [a, c]) {
    const { event } = await processMessage(ctx, reader, message)
    expect(event).toEqual({
      kind: 'application',
      sender: members(a)[1],
      aad: utf8('aad'),
      plaintext: utf8('hello, all'),
    })
  }
})

it('goes on without a removed member, who reads no more', async () => {
  const [a, b, c] = await groupOfThree()
  const removal = await removeMembers(ctx, a, [2])
  const seen = await processMessage(ctx, b, removal.commit)
  expect(members(seen.state).map(({ credential }) => fromUtf8(credential))).toEqual(['device a', 'device b'])
  const { message } = await encryptMessage(ctx, removal.state, utf8('without c'), new Uint8Array())
  const { event } = await processMessage(ctx, seen.state, message)
  expect(event).toMatchObject({ kind: 'application', plaintext: utf8('without c') })
  await expect(processMessage(ctx, c, message)).rejects.toMatchObject({
    code: expect.stringMatching(/^mls\//),
  })
})

it('goes on from a snapshot', async () => {
  const [a, b] = await groupOfThree()
  const { message } = await encryptMessage(
    ctx,
    decodeGroup(ctx, encodeGroup(a)),
    utf8('kept'),
    new Uint8Array(),
  )
  const { event } = await processMessage(ctx, decodeGroup(ctx, encodeGroup(b)), message)
  expect(event).toMatchObject({ kind: 'application', plaintext: utf8('kept') })
})
