/**
 * Unsigned messages for links that carry a few bytes a second: 24 bytes more than the plaintext, where a signed
 * one takes 145. Nothing proves which member wrote one: every member of the group could have. They live on an
 * epoch's exporter and end with it.
 */
import { utf8 } from '@hyphae/core'
import { zeroize } from '@hyphae/crypto'
import type { MlsContext } from '../context.js'
import { MlsError } from '../errors.js'
import { exportSecret } from '../group.js'
import { epoch, type GroupState, type Member, memberAt, ownLeaf, unwrapState } from '../state.js'
import { assertCounter, type Chain, keyAt, newChain } from './chain.js'
import { openFrame, readHeader, sealFrame, TAG_BYTES } from './frame.js'
import { MAX_LITE_COUNTER, MAX_LITE_DEVICE, MAX_LITE_PLAINTEXT_BYTES } from './limits.js'
import { type LiteState, unwrapLite, wrapLite } from './state.js'

const KEY_BYTES = 32
const EMPTY: Uint8Array = utf8('')

function chainOf(ctx: MlsContext, group: GroupState, leaf: number, device: number): Promise<Chain> {
  const context = Uint8Array.of(leaf, leaf >>> 8, device)
  return exportSecret(ctx, group, 'hyphae lite sender', context, KEY_BYTES).then(newChain)
}

/**
 * Chains for the group's present epoch. `device` tells apart programs that send from one leaf, 0 to 255: two
 * that share it would use keys twice. Start it once an epoch and store it after every message.
 * @throws MlsError `mls/bad-argument`, `mls/removed`
 */
export async function startUnsigned(ctx: MlsContext, group: GroupState, device = 0): Promise<LiteState> {
  if (!Number.isInteger(device) || device < 0 || device > MAX_LITE_DEVICE)
    throw new MlsError('mls/bad-argument', { details: { device } })
  const leaf = ownLeaf(group)
  return wrapLite({
    epoch: epoch(group),
    ownLeaf: leaf,
    ownDevice: device,
    marks: {
      tag: await exportSecret(ctx, group, 'hyphae lite epoch', EMPTY, TAG_BYTES),
      headerKey: await exportSecret(ctx, group, 'hyphae lite header', EMPTY, KEY_BYTES),
    },
    sending: await chainOf(ctx, group, leaf, device),
    receiving: new Map(),
  })
}

/**
 * Encrypted for the members of this epoch, signed by nobody.
 * @throws MlsError `mls/bad-argument` beyond 1,024 bytes, `mls/too-far-ahead` when the counter is spent
 */
export function sealUnsigned(
  ctx: MlsContext,
  state: LiteState,
  plaintext: Uint8Array,
): { readonly state: LiteState; readonly message: Uint8Array } {
  const data = unwrapLite(state)
  if (plaintext.length > MAX_LITE_PLAINTEXT_BYTES)
    throw new MlsError('mls/bad-argument', {
      details: { length: plaintext.length, limit: MAX_LITE_PLAINTEXT_BYTES },
    })
  const counter = data.sending.next
  if (counter > MAX_LITE_COUNTER) throw new MlsError('mls/too-far-ahead', { details: { counter } })
  const { chain, key } = keyAt(ctx.crypto, data.sending, counter)
  const header = { leaf: data.ownLeaf, device: data.ownDevice, counter }
  const message = sealFrame(ctx.crypto, data.marks, header, key, plaintext)
  zeroize(key)
  return { state: wrapLite({ ...data, sending: chain }), message }
}

export interface UnsignedMessage {
  readonly plaintext: Uint8Array
  /** Who it says it is from. Any member of the group could have said so. */
  readonly claimedSender: Member
  readonly claimedDevice: number
  readonly counter: number
}

/**
 * Reads one unsigned message of the group's present epoch; null when it is of another epoch, or of another group.
 * @throws MlsError `mls/own-message`, `mls/not-a-member`, `mls/replayed`, `mls/too-far-ahead`,
 *   `mls/undecryptable`, `mls/too-large`, `mls/wrong-epoch` when the chains are not of the group's epoch,
 *   `mls/removed`
 */
export async function openUnsigned(
  ctx: MlsContext,
  group: GroupState,
  state: LiteState,
  message: Uint8Array,
): Promise<{ readonly state: LiteState; readonly read: UnsignedMessage } | null> {
  const data = unwrapLite(state)
  if (data.epoch !== epoch(group))
    throw new MlsError('mls/wrong-epoch', { details: { epoch: data.epoch, current: epoch(group) } })
  if (message.length > MAX_LITE_PLAINTEXT_BYTES * 2)
    throw new MlsError('mls/too-large', { details: { length: message.length } })
  const header = readHeader(ctx.crypto, data.marks, message)
  if (header === null) return null
  const { leaf, device, counter } = header
  if (leaf === data.ownLeaf && device === data.ownDevice) throw new MlsError('mls/own-message')
  const claimedSender = memberAt(unwrapState(group).ratchetTree, leaf)
  const name = leaf * (MAX_LITE_DEVICE + 1) + device
  const known = data.receiving.get(name)
  assertCounter(known, counter)
  const { chain, key } = keyAt(ctx.crypto, known ?? (await chainOf(ctx, group, leaf, device)), counter)
  const plaintext = openFrame(ctx.crypto, data.marks, header, key, message)
  zeroize(key)
  const receiving = new Map(data.receiving).set(name, chain)
  return {
    state: wrapLite({ ...data, receiving }),
    read: { plaintext, claimedSender, claimedDevice: device, counter },
  }
}
