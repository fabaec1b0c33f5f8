/**
 * A member that cannot follow: a commit was withheld, the group has moved on without it, or it is on a branch that
 * nobody else follows. It shows the stall, asks for the commits, and at last asks to be added anew (spec/ordering.md
 * section 8). Here is its side of it; answer.ts is that of the others.
 */
import { suiteOfGroup } from '../state.js'
import { type Draft, say, tipOf } from './draft.js'
import { unplaced } from './early.js'
import { encodeEnvelope } from './envelope.js'
import { pathTo } from './graph.js'
import { APPEALS, HORIZON, MAX_WANTS, PLEA_MS, READD_MS, STALL_MS } from './limits.js'
import type { EarlyEnvelope, Stall } from './log.js'
import { encodePlea, type Plea } from './plea.js'
import { judgeSplit } from './standing.js'
import type { EpochTag } from './tag.js'

/** What this member asks for, or else the epoch that it stands apart from: a plea has a place for one of them. */
function requestOf({ stall }: Draft, apart: EpochTag | null): Pick<Plea, 'target' | 'keyPackage'> {
  if (stall?.leaving !== true || stall.offer === null) return { target: apart, keyPackage: null }
  const { target, keyPackage } = stall.offer
  return { target, keyPackage }
}

/** Says where this member stands, and what it asks for as long as it asks: a later plea outdates an earlier one. */
export function plead(draft: Draft, wants: readonly EpochTag[] = [], apart: EpochTag | null = null): void {
  const { mls, identity } = draft.ctx
  const read = pathTo(draft.nodes, draft.tip).filter(({ active }) => active)
  const [{ tag, epoch, state } = tipOf(draft)] = read.reverse()
  const suite = suiteOfGroup(mls, state)
  const lineage = read.slice(0, HORIZON + 1).map((node) => node.tag)
  const { group } = draft
  const nonce = Math.max(draft.now, draft.spoken + 1)
  draft.spoken = nonce
  const plea = { group, nonce, epoch, lineage, wants, ...requestOf(draft, apart) }
  const envelope = encodeEnvelope('plea', tag, encodePlea(mls.crypto, suite, identity.signing, plea))
  draft.effects.push({ kind: 'send', envelope })
}

/** A later word takes back what was asked for: a plea that is still under way must throw nobody out. */
function recover(draft: Draft, stall: Stall): void {
  draft.stall = null
  if (stall.offer !== null) plead(draft)
  if (stall.shown) say(draft, { kind: 'recovered' })
}

/** Begins a stall, keeps it, or ends it, by what still waits. */
export function reviewStall(draft: Draft): void {
  const [first] = unplaced(draft)
  const { stall } = draft
  // The branch that showed it has become known: this member has chosen among all that there is.
  if (stall?.late === true && draft.nodes.has(stall.tag)) {
    recover(draft, stall)
    return
  }
  if (first === undefined) {
    if (stall === null || stall.late) return
    recover(draft, stall)
    return
  }
  if (stall !== null && (stall.late || draft.early.some(({ tag }) => tag === stall.tag))) return
  const { tag, epoch, since } = first
  const begun = { shown: false, asked: null, late: false, leaving: false, offer: null }
  draft.stall = { ...begun, ...stall, tag, epoch, since: stall?.since ?? since }
}

/** Mail of the side that goes is nothing to wait for. */
function settle(draft: Draft, stall: Stall): void {
  const waits = ({ tag, since }: EarlyEnvelope): boolean =>
    draft.nodes.has(tag) || draft.now - since < READD_MS
  // What is given up is never lost without a word: the other side may yet be the one that is followed.
  for (const one of draft.early) if (!waits(one)) say(draft, { kind: 'late', id: one.id, epoch: one.epoch })
  draft.early = draft.early.filter(waits)
  recover(draft, stall)
}

function decide(draft: Draft, stall: Stall): void {
  const { standing } = judgeSplit(draft)
  if (standing === 'ours') {
    settle(draft, stall)
    return
  }
  const leaving = standing === 'theirs' || standing === 'behind'
  const expired = stall.offer !== null && draft.now - stall.offer.since >= READD_MS
  if (leaving && (!stall.leaving || expired)) say(draft, { kind: 'key-package-needed' })
  draft.stall = { ...stall, leaving, offer: expired ? null : stall.offer }
}

/** What is not kept is asked for too: who stands with this member has nothing else to answer. */
function wants(draft: Draft, { tag, late }: Stall): EpochTag[] {
  return [...new Set([...(late ? [tag] : []), ...unplaced(draft).map((one) => one.tag)])].slice(0, MAX_WANTS)
}

function ask(draft: Draft, stall: Stall): void {
  draft.stall = { ...stall, asked: draft.now }
  plead(draft, wants(draft, stall))
}

/**
 * Who holds itself for removed cannot tell mail of the epochs after that from mail of a branch on which it was not, and
 * the commit that leads there may be kept from it. It wants nothing but what the others follow.
 */
function appeal(draft: Draft, stall: Stall): void {
  if (draft.now - stall.since >= STALL_MS + APPEALS * PLEA_MS) return
  if (stall.asked !== null && draft.now - stall.asked < PLEA_MS) return
  draft.stall = { ...stall, asked: draft.now }
  plead(draft)
}

/** What time brings to a stall. */
export function tendStall(draft: Draft): void {
  if (draft.stall === null || draft.now - draft.stall.since < STALL_MS) return
  if (!tipOf(draft).active) {
    appeal(draft, draft.stall)
    return
  }
  if (!draft.stall.shown) {
    const { epoch, since } = draft.stall
    say(draft, { kind: 'stalled', epoch, since })
    draft.stall = { ...draft.stall, shown: true }
  }
  if (draft.now - draft.stall.since >= READD_MS) decide(draft, draft.stall)
  if (draft.stall !== null && (draft.stall.asked === null || draft.now - draft.stall.asked >= PLEA_MS))
    ask(draft, draft.stall)
}

/** A fresh KeyPackage, which goes out at once. */
export function offerKeyPackage(draft: Draft, keyPackage: Uint8Array): void {
  if (draft.stall === null || !draft.stall.leaving) return
  const { target } = judgeSplit(draft)
  const offer = { keyPackage: keyPackage.slice(), target, since: draft.now }
  ask(draft, { ...draft.stall, offer })
}
