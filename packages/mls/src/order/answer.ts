/**
 * What a member does for one that cannot follow: sends it the commits it lacks, says where it stands itself, and adds
 * it anew (spec/ordering.md section 8). Nothing here is done on the word of a stranger: the plea is signed by a member,
 * or by a device whose invitation this member has seen become void.
 */
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import { members } from '../state.js'
import { type Draft, isFollowed, say, tipOf } from './draft.js'
import { type Envelope, messageIdOf } from './envelope.js'
import { nodeAt, pathTo } from './graph.js'
import { plead } from './heal.js'
import { BEACON_ANSWERS, MAX_BEACONS, MAX_INTENTS, PLEA_MS } from './limits.js'
import { fraction } from './node.js'
import { decodePlea, type Plea } from './plea.js'
import { addIntent } from './pursue.js'
import { judgeSplit } from './standing.js'

const isMember = (draft: Draft, key: Uint8Array): boolean =>
  [...draft.nodes.values()].some(({ state }) =>
    members(state).some((one) => equalBytes(one.signatureKey, key)),
  )

const isInGroup = (draft: Draft, key: Uint8Array): boolean =>
  members(tipOf(draft).state).some((one) => equalBytes(one.signatureKey, key))

/** The last word of a member counts, and an old one that is repeated does not replace it. */
function remember(draft: Draft, plea: Plea): boolean {
  const key = toHex(plea.key)
  const known = draft.beacons.get(key)
  if (known !== undefined && known.nonce >= plea.nonce) return false
  const { epoch, lineage, nonce } = plea
  const others = [...draft.beacons].filter(([other]) => other !== key).slice(1 - MAX_BEACONS)
  draft.beacons = new Map([...others, [key, { key, epoch, lineage, nonce }]])
  return true
}

/** Of many members that could answer, about as many do as are needed. */
function isChosen(draft: Draft, { digest }: Envelope): boolean {
  const { crypto } = draft.ctx.mls
  const lot = fraction(crypto.hmacSha256(digest, draft.ctx.identity.signing.publicKey))
  return lot * members(tipOf(draft).state).length < BEACON_ANSWERS
}

/** The commits that lead to the epochs asked for, and from where the member stands to where this one does. */
function sendCommits(draft: Draft, { wants, lineage }: Plea): void {
  const from = lineage.find((tag) => isFollowed(draft, tag))
  const path = pathTo(draft.nodes, draft.tip)
  const missing = from === undefined ? [] : path.slice(path.findIndex(({ tag }) => tag === from) + 1)
  const asked = wants.filter((tag) => draft.nodes.has(tag)).flatMap((tag) => pathTo(draft.nodes, tag))
  const known = new Set(lineage)
  for (const { link, tag } of new Set([...asked, ...missing]))
    if (link?.published === true && !known.has(tag))
      draft.effects.push({ kind: 'send', envelope: link.envelope })
}

function answer(draft: Draft, envelope: Envelope, plea: Plea): void {
  const [tip] = plea.lineage
  const current = tip === draft.tip && plea.wants.length === 0
  const recent = draft.answered !== null && draft.now - draft.answered < PLEA_MS / 2
  if (current || recent || !isChosen(draft, envelope)) return
  draft.answered = draft.now
  sendCommits(draft, plea)
  plead(draft, {})
}

/** Added, or heard on this branch, since the epoch that it names: an old plea must not throw it out. */
function isServed(draft: Draft, { key, target }: Plea): boolean {
  const since = target === null ? -1 : nodeAt(draft.nodes, target).epoch
  return pathTo(draft.nodes, draft.tip).some(
    ({ epoch, link }) =>
      epoch > since &&
      link !== null &&
      [link.committer, ...link.added].some(({ signatureKey }) => equalBytes(signatureKey, key)),
  )
}

/** Whether this branch is the one the member should come to. */
function isOurs(draft: Draft, { lineage }: Plea): boolean {
  const [tip] = lineage
  const onOurs =
    tip !== undefined && (isFollowed(draft, tip) || draft.history.some((past) => past.tag === tip))
  return onOurs || judgeSplit(draft).standing === 'ours'
}

/** A plea is repeated until it is heard; one intent for it is enough, and the application's own go first. */
function hasIntent(draft: Draft, keyPackage: Uint8Array): boolean {
  const waiting = draft.intents.filter(({ carrier }) => carrier === null)
  const same = draft.intents.some(
    ({ intent }) =>
      (intent.kind === 'readd' || intent.kind === 'add') && equalBytes(intent.keyPackage, keyPackage),
  )
  return same || waiting.length >= MAX_INTENTS
}

function considerAdding(draft: Draft, plea: Plea): void {
  const { key: signatureKey, keyPackage, target } = plea
  if (keyPackage === null || target === null || !isFollowed(draft, target)) return
  if (isServed(draft, plea) || hasIntent(draft, keyPackage)) return
  if (isInGroup(draft, signatureKey)) {
    if (isOurs(draft, plea)) addIntent(draft, { kind: 'readd', signatureKey, keyPackage }, 'spread')
  } else if (draft.voided.includes(toHex(signatureKey)))
    addIntent(draft, { kind: 'add', keyPackage }, 'at-once')
}

/** Another member's plea. */
export function hearPlea(draft: Draft, envelope: Envelope): void {
  let plea: Plea
  try {
    plea = decodePlea(draft.ctx.mls, envelope.body)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code: error.code })
    return
  }
  if (plea.group !== draft.group || equalBytes(plea.key, draft.ctx.identity.signing.publicKey)) return
  const invited = draft.voided.includes(toHex(plea.key))
  if (!isMember(draft, plea.key) && !invited) {
    say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code: 'mls/not-a-member' })
    return
  }
  if (!remember(draft, plea) || !tipOf(draft).active) return
  answer(draft, envelope, plea)
  considerAdding(draft, plea)
}
