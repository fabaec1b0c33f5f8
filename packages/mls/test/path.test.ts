// Path secrets where ts-mls and the RFC part ways, and what a committer may leave out.
import { concatBytes } from '@hyphae/core'
import { createCommit } from 'ts-mls/createCommit.js'
import { deriveSecret } from 'ts-mls/crypto/kdf.js'
import { encodeMlsMessage } from 'ts-mls/message.js'
import { getCommitSecret } from 'ts-mls/pathSecrets.js'
import { root, toLeafIndex, toNodeIndex } from 'ts-mls/treemath.js'
import { createUpdatePath } from 'ts-mls/updatePath.js'
import { describe, expect, it } from 'vitest'
import {
  createKeyPackage,
  encodeGroup,
  epochAuthenticator,
  type GroupState,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { derivePath, keepLiveKeys } from '../src/path.js'
import { wrapState } from '../src/state.js'
import { add, raw } from './attacker.js'
import { after, at, codeOf, type Device, device, groupOf } from './helpers.js'
import { fromTsState, tsState } from './ts-mls-state.js'

/** Four devices of which the first two have been removed: the left half of the tree is blank. */
async function rightHalf(): Promise<[Device, Device, GroupState, GroupState]> {
  const devices = ['a', 'b', 'c', 'd'].map((name) => device(name))
  const states = await groupOf(devices)
  const [c, d] = [at(devices, 2), at(devices, 3)]
  const { state, commit } = await removeMembers(c.ctx, at(states, 2), [0, 1])
  return [c, d, state, await after(d.ctx, at(states, 3), commit)]
}

describe('the commit secret', () => {
  it('comes from the highest node of the filtered path, also when that is not the root', async () => {
    const [c, d, sc, sd] = await rightHalf()
    const { client, cs } = raw(c, sc)
    const { ratchetTree, groupContext, signaturePrivateKey } = client
    const sender = toLeafIndex(2)
    const [tree, path, secrets] = await createUpdatePath(
      ratchetTree,
      sender,
      groupContext,
      signaturePrivateKey,
      cs,
    )
    expect(path.nodes).toHaveLength(1)
    const top = at(secrets, 0)
    expect(top.nodeIndex).not.toBe(root(4))
    const expected = await deriveSecret(top.secret, 'path', cs.kdf)
    const derived = await derivePath(cs, tree, sender, top.nodeIndex, top.secret, 'mls/bad-commit')
    expect(derived.commitSecret).toEqual(expected)
    // ts-mls goes on to the blank root, which section 7.4 does not.
    expect(await getCommitSecret(tree, toNodeIndex(top.nodeIndex), top.secret, cs.kdf)).not.toEqual(expected)
    const update = await updateSelf(d.ctx, sd)
    expect(epochAuthenticator(await after(c.ctx, sc, update.commit))).toEqual(
      epochAuthenticator(update.state),
    )
  })

  it('is refused when the secrets do not give the keys in the tree', async () => {
    const [c, , sc] = await rightHalf()
    const { client, cs } = raw(c, sc)
    const { ratchetTree, groupContext, signaturePrivateKey } = client
    const sender = toLeafIndex(2)
    const [tree, , secrets] = await createUpdatePath(
      ratchetTree,
      sender,
      groupContext,
      signaturePrivateKey,
      cs,
    )
    const { nodeIndex, secret } = at(secrets, 0)
    const wrong = concatBytes(secret.subarray(1), Uint8Array.of(0))
    const derive = (node: number, bytes: Uint8Array): Promise<string> =>
      codeOf(() => derivePath(cs, tree, sender, node, bytes, 'mls/bad-commit'))
    expect(await derive(nodeIndex, secret)).toBe('no error')
    expect(await derive(nodeIndex, wrong)).toBe('mls/bad-commit')
    expect(await derive(root(4), secret)).toBe('mls/bad-commit')
  })
})

describe('private keys', () => {
  it('of nodes that were blanked or that are not above the own leaf are dropped', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => device(name)) as [Device, Device, Device]
    const [sa, , sc] = (await groupOf([a, b, c])) as [GroupState, GroupState, GroupState]
    const own = raw(c, sc).client.privatePath
    expect(Object.keys(own.privateKeys)).toEqual(['3', '4'])
    const removal = await removeMembers(a.ctx, sa, [1])
    const next = raw(c, await after(c.ctx, sc, removal.commit)).client
    const stale = { leafIndex: 2, privateKeys: { ...next.privatePath.privateKeys, 1: new Uint8Array(32) } }
    expect(keepLiveKeys(next.ratchetTree, stale)).toEqual(next.privatePath)
    const blank = next.ratchetTree.map((node, i) => (i === 3 ? undefined : node))
    expect(Object.keys(keepLiveKeys(blank, next.privatePath).privateKeys)).toEqual(['4'])
  })
})

describe('a commit without a path', () => {
  it('is taken from another implementation when it adds and does nothing else', async () => {
    // ts-mls leaves the path out here; it reads the system clock, so the devices do too.
    const time = { at: Date.now() }
    const [a, b, c] = ['a', 'b', 'c'].map((name) => device(name, { time })) as [Device, Device, Device]
    const [sa, sb] = (await groupOf([a, b])) as [GroupState, GroupState]
    const { keyPackage } = await createKeyPackage(c.ctx, c.identity)
    const opened = raw(a, sa)
    const made = await createCommit(
      { state: tsState(opened), cipherSuite: opened.cs },
      { extraProposals: [add(keyPackage)], ratchetTreeExtension: true },
    )
    const { event, state } = await processMessage(b.ctx, sb, encodeMlsMessage(made.commit))
    expect(event).toMatchObject({ kind: 'commit', added: [{ leaf: 2 }] })
    expect(epochAuthenticator(state)).toEqual(epochAuthenticator(wrapState(fromTsState(made.newState))))
    expect(encodeGroup(state).length).toBeGreaterThan(0)
  })
})
