/**
 * One input into a log: the next log, and what is to be done once it is stored. Pure but for the keys it draws; an
 * input from outside never throws, one of the caller's own may, and then nothing has changed (spec/ordering.md
 * section 2).
 */
import { toHex } from '@hyphae/core'
import { MlsError } from '../errors.js'
import { encryptMessage } from '../message.js'
import { type GroupState, groupIdOf } from '../state.js'
import { takeBack } from './apart.js'
import { correctTimes } from './clock.js'
import { closeDraft, type Draft, isFollowed, openDraft, putNode, say, tipOf } from './draft.js'
import { encodeEnvelope, messageIdOf } from './envelope.js'
import { strand } from './follow.js'
import { nodeAt, pathTo } from './graph.js'
import { offerKeyPackage, reviewStall, tendStall } from './heal.js'
import type { ExternalCommit, OrderContext, OrderInput, Stepped } from './input.js'
import { MAX_SENT } from './limits.js'
import type { GroupLog } from './log.js'
import { firstNode } from './node.js'
import { sendWelcome } from './own.js'
import { addIntent, pursue } from './pursue.js'
import { drain, receive } from './receive.js'
import { hearSequencer, tendSequencer } from './sequencing.js'

/** A log that begins in the epoch in which this member founded or joined the group. @throws MlsError `mls/removed` */
export async function startLog(ctx: OrderContext, state: GroupState): Promise<GroupLog> {
  const node = await firstNode(ctx.mls, state)
  return {
    group: toHex(groupIdOf(state)),
    nodes: new Map([[node.tag, node]]),
    root: node.tag,
    tip: node.tag,
    early: [],
    held: [],
    intents: [],
    welcomes: [],
    submitted: null,
    history: [],
    refused: [],
    evidence: [],
    beacons: new Map(),
    stall: null,
    spoken: 0,
    apart: [],
    answered: null,
    voided: [],
    counter: 0,
  }
}

async function send(draft: Draft, plaintext: Uint8Array, aad: Uint8Array): Promise<void> {
  const tip = tipOf(draft)
  const { state, message } = await encryptMessage(draft.ctx.mls, tip.state, plaintext, aad)
  const id = messageIdOf(draft.ctx.mls.crypto.sha256(message))
  putNode(draft, { ...tip, state, sent: [id, ...tip.sent].slice(0, MAX_SENT) })
  draft.effects.push({ kind: 'send', envelope: encodeEnvelope('application', tip.tag, message) })
  say(draft, { kind: 'sent', id, epoch: tip.epoch })
}

/** Goes on from where this member was added anew; what it still wants to do comes along. */
async function rejoin(draft: Draft, state: GroupState, external?: ExternalCommit): Promise<void> {
  const before = tipOf(draft)
  const given = [...draft.nodes.values()].filter(({ tag }) => isFollowed(draft, tag))
  const fresh = await startLog(draft.ctx, state)
  if (fresh.group !== draft.group) throw new MlsError('mls/wrong-group')
  // A Welcome that is opened twice gives the keys once more with which this member has sealed already.
  if (draft.nodes.get(fresh.tip)?.active === true) return
  const { early, evidence, voided, counter, spoken, intents, welcomes } = draft
  Object.assign(draft, fresh, { early, evidence, voided, counter, spoken, intents, welcomes })
  draft.touched.set(fresh.tip, 'new')
  if (external !== undefined)
    draft.effects.push({ kind: 'send', envelope: encodeEnvelope('commit', external.parent, external.commit) })
  const { epoch, tag } = tipOf(draft)
  say(draft, {
    kind: 'epoch',
    epoch,
    tag,
    added: [],
    removed: [],
    rewound: Math.max(0, before.epoch - epoch),
  })
  strand(draft, given)
  await drain(draft)
}

/** Once more what may not have been done: sending and submitting twice does no harm. */
function resume(draft: Draft): void {
  for (const { link } of pathTo(draft.nodes, draft.tip))
    if (link?.own === true && link.published) draft.effects.push({ kind: 'send', envelope: link.envelope })
  const { submitted } = draft
  if (submitted !== null) {
    const { parent, link } = nodeAt(draft.nodes, submitted.tag)
    if (parent !== null && link !== null)
      draft.effects.push({ kind: 'submit', parent, envelope: link.envelope })
  }
  for (const welcome of draft.welcomes) if (welcome.sent) sendWelcome(draft, welcome)
}

function pass(draft: Draft): void {
  correctTimes(draft)
  tendSequencer(draft)
  tendStall(draft)
}

async function apply(draft: Draft, input: OrderInput): Promise<void> {
  switch (input.kind) {
    case 'envelope':
      return receive(draft, input.envelope)
    case 'intent':
      return addIntent(draft, input.intent, 'at-once')
    case 'intents':
      return void input.intents.map((intent) => addIntent(draft, intent, 'at-once'))
    case 'message':
      return send(draft, input.plaintext, input.aad)
    case 'sequenced':
      return hearSequencer(draft, input.parent, input.answer)
    case 'key-package':
      return offerKeyPackage(draft, input.keyPackage)
    case 'joined':
      return rejoin(draft, input.state, input.external)
    case 'resume':
      return resume(draft)
    case 'tick':
      return pass(draft)
  }
}

/**
 * @throws MlsError for what the caller asks: `mls/removed`, `mls/bad-argument`, `mls/wrong-group`,
 *   `mls/foreign-state`; never for an envelope
 */
export async function step(ctx: OrderContext, log: GroupLog, input: OrderInput): Promise<Stepped> {
  const draft = openDraft(ctx, log)
  await apply(draft, input)
  await drain(draft)
  reviewStall(draft)
  await pursue(draft)
  await drain(draft)
  reviewStall(draft)
  takeBack(draft)
  return { log: closeDraft(draft), effects: draft.effects }
}
