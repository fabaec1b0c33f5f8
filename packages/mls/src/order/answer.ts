/**
 * What a member does for one that cannot follow: sends it the commits it lacks, says where it stands itself, and adds
 * it anew (spec/ordering.md section 8). Nothing here is done on the word of a stranger: the plea is signed by a member,
 * or by a device whose invitation this member has seen become void.
 */
import { equalBytes, isHyphaeError, toHex } from '@hyphae/core'
import { readKeyPackage } from '../key-package.js'
import { accountOf } from '../roles/accounts.js'
import { type Member, members, suiteOfGroup } from '../state.js'
import { hearApart, partedFrom, sayApart } from './apart.js'
import { type Draft, isFollowed, say, tipOf } from './draft.js'
import { type Envelope, messageIdOf } from './envelope.js'
import { nodeAt, pathTo } from './graph.js'
import { plead } from './heal.js'
import { BEACON_ANSWERS, MAX_BEACONS, MAX_INTENTS, PLEA_MS } from './limits.js'
import type { Beacon, EpochNode } from './log.js'
import { fraction } from './node.js'
import { decodePlea, type Plea } from './plea.js'
import { addIntent } from './pursue.js'
import { judgeSplit } from './standing.js'
import type { EpochTag } from './tag.js'

const memberWith = (present: readonly Member[], key: Uint8Array): Member | undefined =>
  present.find((one) => equalBytes(one.signatureKey, key))

/** As it is, or was, on any branch. */
function memberOf(draft: Draft, key: Uint8Array): Member | undefined {
  for (const { state } of draft.nodes.values()) {
    const found = memberWith(members(state), key)
    if (found !== undefined) return found
  }
  return undefined
}

/** What a member said of an epoch stands until it is itself on that branch, or gives up its own. */
function apartOf({ target, lineage, keyPackage }: Plea, before: Beacon | undefined): EpochTag | null {
  if (keyPackage !== null) return null
  const named = target ?? before?.apart ?? null
  return named !== null && lineage.includes(named) ? null : named
}

/** The last word of a member counts, and an old one that is repeated does not replace it. */
function remember(draft: Draft, plea: Plea): boolean {
  const key = toHex(plea.key)
  const known = draft.beacons.get(key)
  if (known !== undefined && known.nonce >= plea.nonce) return false
  const { epoch, lineage, nonce } = plea
  const others = [...draft.beacons].filter(([other]) => other !== key).slice(1 - MAX_BEACONS)
  const said = { apart: apartOf(plea, known), leaving: plea.keyPackage !== null }
  draft.beacons = new Map([...others, [key, { key, epoch, lineage, nonce, ...said }]])
  return true
}

/** Of many members that could answer, about as many do as are needed. */
function isChosen(draft: Draft, { digest }: Envelope): boolean {
  const { crypto } = draft.ctx.mls
  const lot = fraction(crypto.hmacSha256(digest, draft.ctx.identity.signing.publicKey))
  return lot * members(tipOf(draft).state).length < BEACON_ANSWERS
}

/** Of many that could speak, those that are chosen; of one member, not twice in a row. */
function mayAnswer(draft: Draft, envelope: Envelope): boolean {
  const recent = draft.answered !== null && draft.now - draft.answered < PLEA_MS / 2
  return !recent && isChosen(draft, envelope)
}

/** A commit, and the proposals that it may rest on. */
function sendCommit(draft: Draft, { parent, link }: EpochNode): void {
  if (link?.published !== true) return
  const proposals = parent === null ? [] : nodeAt(draft.nodes, parent).proposals
  for (const envelope of [...proposals, link.envelope]) draft.effects.push({ kind: 'send', envelope })
}

/** The commits that lead to the epochs asked for, and from where the member stands to where this one does. */
function sendCommits(draft: Draft, { wants, lineage }: Plea): void {
  const from = lineage.find((tag) => isFollowed(draft, tag))
  const path = pathTo(draft.nodes, draft.tip)
  const missing = from === undefined ? [] : path.slice(path.findIndex(({ tag }) => tag === from) + 1)
  const asked = wants.filter((tag) => draft.nodes.has(tag)).flatMap((tag) => pathTo(draft.nodes, tag))
  const known = new Set(lineage)
  for (const node of new Set([...asked, ...missing])) if (!known.has(node.tag)) sendCommit(draft, node)
}

function answer(draft: Draft, envelope: Envelope, plea: Plea): void {
  const [tip] = plea.lineage
  const current = tip === draft.tip && plea.wants.length === 0
  if (tip === undefined || current || !mayAnswer(draft, envelope)) return
  draft.answered = draft.now
  sendCommits(draft, plea)
  const apart = partedFrom(draft, plea.lineage)
  if (apart === null) plead(draft)
  else sayApart(draft, apart, apart === tip ? [] : [tip])
}

/** A message of one who is no member here, in an epoch that was given up: it may not know that it was. */
export function answerStranger(draft: Draft, envelope: Envelope): void {
  if (!tipOf(draft).active || partedFrom(draft, [envelope.tag]) === null || !mayAnswer(draft, envelope))
    return
  draft.answered = draft.now
  sayApart(draft, envelope.tag, [])
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

/** The KeyPackage is of the device that pleads: nobody gets somebody else into the group by a plea. */
function isOwnOffer(draft: Draft, key: Uint8Array, keyPackage: Uint8Array): boolean {
  const { mls } = draft.ctx
  const known = memberOf(draft, key)
  try {
    const { signatureKey, credential } = readKeyPackage(keyPackage)
    const same =
      known === undefined || equalBytes(accountOf(mls, credential), accountOf(mls, known.credential))
    return same && equalBytes(signatureKey, key)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    return false
  }
}

function considerAdding(draft: Draft, plea: Plea, before: Beacon | undefined): void {
  const { key: signatureKey, keyPackage, target } = plea
  if (keyPackage === null || target === null || !isFollowed(draft, target)) return
  if (isServed(draft, plea) || hasIntent(draft, keyPackage)) return
  if (!isOwnOffer(draft, signatureKey, keyPackage)) return
  const member = memberOf(draft, signatureKey)
  if (memberWith(members(tipOf(draft).state), signatureKey) !== undefined) {
    if (isOurs(draft, plea)) addIntent(draft, { kind: 'readd', signatureKey, keyPackage }, 'spread')
  } else if (draft.voided.includes(toHex(signatureKey)))
    addIntent(draft, { kind: 'add', keyPackage }, 'at-once')
  else if (member !== undefined && before?.leaving !== true)
    say(draft, { kind: 'admission-asked', member, keyPackage })
}

/** Another member's plea. */
export function hearPlea(draft: Draft, envelope: Envelope): void {
  let plea: Plea
  try {
    plea = decodePlea(suiteOfGroup(draft.ctx.mls, tipOf(draft).state), envelope.body)
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code: error.code })
    return
  }
  if (plea.group !== draft.group || equalBytes(plea.key, draft.ctx.identity.signing.publicKey)) return
  const key = toHex(plea.key)
  if (memberOf(draft, plea.key) === undefined && !draft.voided.includes(key)) {
    say(draft, { kind: 'refused', id: messageIdOf(envelope.digest), code: 'mls/not-a-member' })
    return
  }
  const before = draft.beacons.get(key)
  if (!remember(draft, plea) || !tipOf(draft).active) return
  hearApart(draft, plea)
  answer(draft, envelope, plea)
  considerAdding(draft, plea, before)
}
