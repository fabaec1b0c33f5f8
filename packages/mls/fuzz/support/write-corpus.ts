/**
 * Writes the corpus anew: `node --import tsx fuzz/support/write-corpus.ts`. Deterministic, since the group
 * is; `good-*` are accepted by their target, the others are near misses of them.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { encodeCommit } from 'ts-mls/commit.js'
import { decodeMessage } from '../../src/codec.js'
import {
  EMPTY_POOL,
  encodeGroup,
  encodePool,
  encryptMessage,
  refillPool,
  removeMembers,
  updateSelf,
} from '../../src/index.js'
import { encodeLite, sealUnsigned, startUnsigned } from '../../src/lite/index.js'
import { keysFor, openMessage } from '../../src/message.js'
import { openState } from '../../src/state.js'
import { type FuzzGroup, fuzzGroup } from './group.js'
import { openGroup } from './open-group.js'

const FOLDER = new URL('../corpus/', import.meta.url)

async function write(target: string, name: string, bytes: Uint8Array): Promise<void> {
  const folder = new URL(`${target}/`, FOLDER)
  await mkdir(folder, { recursive: true })
  await writeFile(new URL(name, folder), bytes)
}

/** A good input and what is one step away from it. */
async function family(target: string, name: string, good: Uint8Array): Promise<void> {
  await write(target, `good-${name}`, good)
  await write(target, `short-${name}`, good.subarray(0, -1))
  await write(target, `long-${name}`, Uint8Array.of(...good, 0))
  await write(target, `half-${name}`, good.subarray(0, good.length >> 1))
  const flipped = good.slice()
  flipped[good.length - 1] = (flipped[good.length - 1] as number) ^ 1
  await write(target, `flip-${name}`, flipped)
}

/** The plaintext Commit in a sealed one, as the victim reads it. */
async function commitOf({ ctx, victim }: FuzzGroup, bytes: Uint8Array): Promise<Uint8Array> {
  const message = decodeMessage(bytes, bytes.length, 'mls/malformed')
  if (message.wireformat !== 'mls_private_message') throw new Error('not private')
  const opened = openState(ctx, victim)
  const read = await openMessage(opened, keysFor(opened, message.privateMessage), message.privateMessage)
  const { content } = read.authenticated
  if (content.contentType !== 'commit') throw new Error('not a commit')
  return encodeCommit(content.commit)
}

const group = await fuzzGroup()
const { ctx, attacker, victim, invitation, spare } = group
const text = new TextEncoder().encode('a message of the corpus')
const application = await encryptMessage(ctx, attacker, text, text.subarray(0, 3))
const update = await updateSelf(ctx, attacker)
const removal = await removeMembers(ctx, attacker, [2])
await family('message', 'application', application.message)
await family('message', 'update', update.commit)
await family('message', 'removal', removal.commit)
await write('message', 'empty', new Uint8Array())
await write('message', 'welcome', invitation.welcome)
await family('key-package', 'spare', spare)
await write('key-package', 'used', invitation.keyPackage)
await family('welcome', 'welcome', invitation.welcome)
await family('snapshot', 'victim', encodeGroup(victim))
await family('snapshot', 'attacker', encodeGroup(application.state))
const unsigned = await startUnsigned(ctx, attacker)
await family('lite', 'started', encodeLite(unsigned))
await family('lite', 'sent', encodeLite(sealUnsigned(ctx, unsigned, text).state))
await write('insider', 'update', await commitOf(group, update.commit))
await write('insider', 'removal', await commitOf(group, removal.commit))
await write('insider', 'nothing', encodeCommit({ proposals: [], path: undefined }))
const open = await openGroup()
await family('group-info', 'info', open.groupInfo)
await family('external-commit', 'newcomer', open.commit)
const { pool } = await refillPool(open.ctx, open.newcomer, EMPTY_POOL, 1)
await family('pool', 'refilled', encodePool(pool))
await write('pool', 'good-empty', encodePool(EMPTY_POOL))
