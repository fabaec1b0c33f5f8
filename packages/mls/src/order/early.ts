/**
 * Mail that cannot be read yet, and mail that comes too late (spec/ordering.md section 4). Bounded in number and
 * bytes: what lies farthest ahead is dropped first, because it is needed last and is what a flood is made of.
 */
import { toHex } from '@hyphae/core'
import { type Draft, say } from './draft.js'
import { type Envelope, messageIdOf } from './envelope.js'
import { nodeAt } from './graph.js'
import { MAX_EARLY, MAX_EARLY_BYTES } from './limits.js'
import type { EarlyEnvelope } from './log.js'
import type { EpochTag } from './tag.js'

/** Proposals first, because commits may rest on them; messages last, because their senders may be new. */
const ORDER: Readonly<Record<EarlyEnvelope['kind'], number>> = { proposal: 0, commit: 1, application: 2 }

/** No epoch that can still become known is as old as the root, but the root itself, or has been given up. */
function isLate(draft: Draft, { tag, epoch }: Pick<EarlyEnvelope, 'tag' | 'epoch'>): boolean {
  if (draft.nodes.has(tag)) return false
  return epoch <= nodeAt(draft.nodes, draft.root).epoch || draft.history.some((past) => past.tag === tag)
}

/**
 * Late mail of another branch: of an epoch that this member went through, under a tag that it has not seen. What is
 * older than the memory of this member, or than its membership, tells nothing.
 */
function isForeign(draft: Draft, { tag, epoch }: Pick<EarlyEnvelope, 'tag' | 'epoch'>): boolean {
  if (draft.history.some((past) => past.tag === tag)) return false
  const oldest = draft.history.at(-1)?.epoch ?? nodeAt(draft.nodes, draft.root).epoch
  return epoch >= oldest
}

function passLate(draft: Draft, early: EarlyEnvelope): void {
  say(draft, { kind: 'late', id: early.id, epoch: early.epoch })
  if (draft.stall !== null || !isForeign(draft, early)) return
  const { tag, epoch } = early
  draft.stall = {
    since: draft.now,
    tag,
    epoch,
    shown: false,
    asked: null,
    late: true,
    leaving: false,
    offer: null,
  }
}

/** The one to give up when there are too many: the farthest ahead, and of those the last that came. */
function farthest(early: readonly EarlyEnvelope[]): EarlyEnvelope {
  return early.reduce((worst, one) => (one.epoch >= worst.epoch ? one : worst))
}

function boundEarly(draft: Draft): void {
  const size = (): number => draft.early.reduce((sum, { bytes }) => sum + bytes.length, 0)
  while (draft.early.length > MAX_EARLY || size() > MAX_EARLY_BYTES) {
    const worst = farthest(draft.early)
    draft.early = draft.early.filter((one) => one !== worst)
    say(draft, { kind: 'overflow', id: worst.id })
  }
}

/** Keeps what cannot be read yet; what can never be read is late. */
export function keepEarly(
  draft: Draft,
  envelope: Envelope,
  { bytes, since }: Pick<EarlyEnvelope, 'bytes' | 'since'>,
): void {
  const { kind, tag, epoch } = envelope
  const digest = toHex(envelope.digest)
  if (kind === 'plea' || draft.early.some((one) => one.digest === digest)) return
  const early = { kind, tag, epoch, bytes, since, digest, id: messageIdOf(envelope.digest) }
  if (isLate(draft, early)) {
    passLate(draft, early)
    return
  }
  draft.early = [...draft.early, early]
  boundEarly(draft)
}

/**
 * Takes out what waits for this epoch, in the order in which it is to be tried: as it came, when the epoch is new.
 * What waits in a known one came before those it waits for, so there the last is tried first; the other way round, a
 * message that jumps far ahead would cost the keys of those between.
 */
export function takeEarly(draft: Draft, tag: EpochTag, how: 'new' | 'changed'): EarlyEnvelope[] {
  const waiting = draft.early.filter((one) => one.tag === tag)
  if (waiting.length > 0) draft.early = draft.early.filter((one) => one.tag !== tag)
  const taken = how === 'new' ? waiting : waiting.reverse()
  return taken.sort((a, b) => ORDER[a.kind] - ORDER[b.kind])
}

/** Gives up what the root has passed. */
export function dropLate(draft: Draft): void {
  const late = draft.early.filter((one) => isLate(draft, one))
  if (late.length === 0) return
  draft.early = draft.early.filter((one) => !late.includes(one))
  for (const one of late) passLate(draft, one)
}

/** What waits for an epoch that is not known. */
export function unplaced(draft: Draft): EarlyEnvelope[] {
  return draft.early.filter(({ tag }) => !draft.nodes.has(tag))
}
