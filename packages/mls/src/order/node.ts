/** What an epoch is called, and how its commits are told apart (spec/ordering.md section 4). Knows no order. */
import { toHex } from '@hyphae/core'
import type { MlsContext } from '../context.js'
import { exportSecret } from '../group.js'
import { epoch, type GroupState, isActive } from '../state.js'
import { TAG_BYTES } from './limits.js'
import type { CommitLink, EpochNode } from './log.js'
import { tagOf } from './tag.js'

const NO_CONTEXT = new Uint8Array()
const CHOICE_KEY_BYTES = 32

/**
 * The lot of a leaf in an epoch, 32 bytes. Fixed by the parent epoch, so no member can try commits until one has a
 * better lot, and new in every epoch, so no member always goes first.
 */
export async function selectorOf(ctx: MlsContext, parent: GroupState, leaf: number): Promise<Uint8Array> {
  const key = await exportSecret(ctx, parent, 'hyphae order choice', NO_CONTEXT, CHOICE_KEY_BYTES)
  return ctx.crypto.hmacSha256(key, Uint8Array.of(leaf >>> 24, leaf >>> 16, leaf >>> 8, leaf))
}

/** The lot as a fraction of 1. */
export function fraction(selector: Uint8Array): number {
  const [a = 0, b = 0, c = 0] = selector
  return (a * 65536 + b * 256 + c) / 2 ** 24
}

/** An epoch that removed this member cannot be derived: the commit's own digest stands for its tag. */
export async function childNode(
  ctx: MlsContext,
  parent: EpochNode,
  state: GroupState,
  link: CommitLink,
): Promise<EpochNode> {
  const active = isActive(state)
  const tag = active ? await tagOf(ctx, state) : toHex(link.digest.subarray(0, TAG_BYTES))
  return {
    tag,
    epoch: parent.epoch + 1,
    parent: parent.tag,
    state,
    active,
    link,
    idle: 0,
    proposals: [],
    sent: [],
  }
}

/** The epoch in which this member founded or joined the group. */
export async function firstNode(ctx: MlsContext, state: GroupState): Promise<EpochNode> {
  const tag = await tagOf(ctx, state)
  return {
    tag,
    epoch: epoch(state),
    parent: null,
    state,
    active: true,
    link: null,
    idle: 0,
    proposals: [],
    sent: [],
  }
}
