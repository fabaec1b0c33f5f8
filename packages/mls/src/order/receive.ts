/**
 * One envelope in. Its tag says where it belongs; what belongs nowhere yet is kept, and tried again when the epoch it
 * waits for is known or can read more. Input from outside never throws: it ends in an event (spec/ordering.md
 * section 4).
 */
import { isHyphaeError, toHex } from '@hyphae/core'
import { type GroupEvent, type Processed, processMessage } from '../process.js'
import { type Member, withKeysOf } from '../state.js'
import { answerStranger, hearPlea } from './answer.js'
import { addCommit, boundRead, findCommit, judgeCommit, publish } from './commits.js'
import { type Draft, keepProposal, putNode, say, touch } from './draft.js'
import { dropLate, keepEarly, takeEarly } from './early.js'
import { decodeEnvelope, type Envelope, messageIdOf } from './envelope.js'
import { hold, isHeld, isMemberNow, releaseHeld } from './held.js'
import { MAX_REFUSED } from './limits.js'
import type { EpochNode } from './log.js'

/** Taken: nothing more is to be done with it. Waiting: its epoch is known, but something before it is missing. */
type Outcome = 'taken' | 'waiting'

/** The epoch lacks what it needs to read this: a proposal, or messages of the sender that came before. */
const WAITING = ['mls/missing-proposal', 'mls/too-far-ahead']
/** An echo and a repetition are nothing to report. */
const SILENT = ['mls/own-message', 'mls/replayed']

function refuse(draft: Draft, envelope: Envelope, code: string): Outcome {
  const digest = toHex(envelope.digest)
  draft.refused = [digest, ...draft.refused.filter((one) => one !== digest)].slice(0, MAX_REFUSED)
  say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code })
  return 'taken'
}

async function read(draft: Draft, node: EpochNode, envelope: Envelope): Promise<Processed | string> {
  try {
    return await processMessage(draft.ctx.mls, node.state, envelope.body)
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

function unread(draft: Draft, envelope: Envelope, code: string): Outcome {
  if (WAITING.includes(code)) return 'waiting'
  return SILENT.includes(code) ? 'taken' : refuse(draft, envelope, code)
}

async function takeCommit(
  draft: Draft,
  parent: EpochNode,
  envelope: Envelope,
  bytes: Uint8Array,
  { state, event }: Processed & { event: Extract<GroupEvent, { kind: 'commit' }> },
): Promise<Outcome> {
  const { sender, added, removed, removedSelf, privileged } = event
  const next = removedSelf ? null : state
  const transition = { committer: sender, added, removed, privileged, next }
  const verdict = judgeCommit(draft, parent, transition)
  if (verdict.kind === 'wait') return 'waiting'
  if (verdict.kind === 'refused') return refuse(draft, envelope, verdict.reason)
  const { digest } = envelope
  await addCommit(
    draft,
    parent,
    { envelope: bytes, digest, state, transition, own: false, published: true },
    verdict,
  )
  return 'taken'
}

/** Who has been removed stays silent, also in epochs in which it still had the keys: for as long as that stands. */
function silence(draft: Draft, envelope: Envelope, bytes: Uint8Array, sender: Member): Outcome {
  const [digest, code] = [toHex(envelope.digest), 'mls/not-a-member']
  answerStranger(draft, envelope)
  if (!hold(draft, { digest, tag: envelope.tag, bytes, sender: toHex(sender.signatureKey) }))
    return refuse(draft, envelope, code)
  say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code })
  return 'taken'
}

function takeMessage(
  draft: Draft,
  node: EpochNode,
  envelope: Envelope,
  bytes: Uint8Array,
  { state, event }: Processed & { event: Extract<GroupEvent, { kind: 'application' }> },
): Outcome {
  if (!isMemberNow(draft, event.sender.signatureKey)) return silence(draft, envelope, bytes, event.sender)
  putNode(draft, { ...node, state })
  touch(draft, node.tag)
  const { sender, aad, plaintext } = event
  say(draft, { kind: 'message', id: messageIdOf(envelope.digest), epoch: node.epoch, sender, aad, plaintext })
  return 'taken'
}

/** Reads what belongs to a known epoch. */
async function deliver(
  draft: Draft,
  node: EpochNode,
  envelope: Envelope,
  bytes: Uint8Array,
): Promise<Outcome> {
  const digest = toHex(envelope.digest)
  if (draft.refused.includes(digest) || isHeld(draft, digest)) return 'taken'
  const known = envelope.kind === 'commit' ? findCommit(draft, node.tag, envelope.digest) : undefined
  if (known !== undefined) {
    if (known.link?.published === false) publish(draft, known.tag, false)
    return 'taken'
  }
  const result = await read(draft, node, envelope)
  if (typeof result === 'string') return unread(draft, envelope, result)
  const { state, event } = result
  if (event.kind === 'commit') return takeCommit(draft, node, envelope, bytes, { state, event })
  if (event.kind === 'application') return takeMessage(draft, node, envelope, bytes, { state, event })
  // A member can put a proposal and commits under one handshake key. Whether a commit is read must not depend on what
  // came first, or it splits the group: a proposal uses no key up.
  putNode(draft, keepProposal({ ...node, state: withKeysOf(node.state, state) }, bytes))
  touch(draft, node.tag)
  return 'taken'
}

async function drainEarly(draft: Draft): Promise<void> {
  for (let [first] = draft.touched; first !== undefined; [first] = draft.touched) {
    const [tag, how] = first
    draft.touched.delete(tag)
    for (const early of takeEarly(draft, tag, how)) {
      const node = draft.nodes.get(tag)
      const envelope = decodeEnvelope(draft.ctx.mls.crypto, early.bytes)
      if (node === undefined) keepEarly(draft, envelope, early)
      else if ((await deliver(draft, node, envelope, early.bytes)) === 'waiting')
        keepEarly(draft, envelope, early)
    }
    if (how === 'new') boundRead(draft, tag)
  }
}

/** A removal has lost, and what it had silenced is read. */
async function drainHeld(draft: Draft): Promise<void> {
  for (const { tag, bytes } of releaseHeld(draft)) {
    const node = draft.nodes.get(tag)
    const envelope = decodeEnvelope(draft.ctx.mls.crypto, bytes)
    if (node !== undefined && (await deliver(draft, node, envelope, bytes)) === 'waiting')
      keepEarly(draft, envelope, { bytes, since: draft.now })
  }
}

/** Tries what waits for the epochs that have changed, until nothing more can be read. */
export async function drain(draft: Draft): Promise<void> {
  do {
    await drainEarly(draft)
    await drainHeld(draft)
  } while (draft.touched.size > 0)
  dropLate(draft)
}

async function place(draft: Draft, envelope: Envelope, bytes: Uint8Array): Promise<void> {
  const node = draft.nodes.get(envelope.tag)
  const early = { bytes: bytes.slice(), since: draft.now }
  const outcome = node === undefined ? 'waiting' : await deliver(draft, node, envelope, early.bytes)
  if (outcome === 'waiting') keepEarly(draft, envelope, early)
  await drain(draft)
}

/** Anything that a carrier brings. */
export async function receive(draft: Draft, bytes: Uint8Array): Promise<void> {
  let envelope: Envelope
  try {
    envelope = decodeEnvelope(draft.ctx.mls.crypto, bytes)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    const digest = draft.ctx.mls.crypto.sha256(bytes)
    say(draft, { kind: 'refused', id: messageIdOf(digest), code: error.code })
    return
  }
  if (envelope.kind === 'plea') return hearPlea(draft, envelope)
  if (envelope.group !== draft.group) {
    say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code: 'mls/wrong-group' })
    return
  }
  return place(draft, envelope, bytes)
}
