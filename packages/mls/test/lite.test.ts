// Unsigned messages: small, read once in any order, dead with the epoch, and no proof of who wrote them.
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { type GroupState, removeMembers, updateSelf } from '../src/index.js'
import { sealFrame } from '../src/lite/frame.js'
import {
  decodeLite,
  encodeLite,
  KEPT_LITE_KEYS,
  LITE_OVERHEAD,
  type LiteState,
  MAX_LITE_PLAINTEXT_BYTES,
  MAX_LITE_SKIPPED,
  openUnsigned,
  sealUnsigned,
  startUnsigned,
} from '../src/lite/index.js'
import { unwrapLite, wrapLite } from '../src/lite/state.js'
import { after, at, codeOf, type Device, device, groupOf, string, text } from './helpers.js'

const [a, b, c] = ['a', 'b', 'c'].map((name) => device(name)) as [Device, Device, Device]
let [sa, sb, sc]: GroupState[] = []
let [la, lb, lc]: LiteState[] = []

const group = (state: GroupState | undefined): GroupState => state as GroupState
const lite = (state: LiteState | undefined): LiteState => state as LiteState

beforeEach(async () => {
  ;[sa, sb, sc] = await groupOf([a, b, c])
  la = await startUnsigned(a.ctx, group(sa))
  lb = await startUnsigned(b.ctx, group(sb))
  lc = await startUnsigned(c.ctx, group(sc))
})

function send(count: number, from: LiteState = lite(la)): { messages: Uint8Array[]; state: LiteState } {
  const messages: Uint8Array[] = []
  let state = from
  for (let i = 0; i < count; i++) {
    const sent = sealUnsigned(a.ctx, state, text(`m${i}`))
    messages.push(sent.message)
    state = sent.state
  }
  return { messages, state }
}

const read = (state: LiteState, message: Uint8Array): ReturnType<typeof openUnsigned> =>
  openUnsigned(b.ctx, group(sb), state, message)

describe('an unsigned message', () => {
  it('is 24 bytes longer than what it says, and names who claims to have sent it', async () => {
    const { message } = sealUnsigned(a.ctx, lite(la), text('SOS'))
    expect(LITE_OVERHEAD).toBe(24)
    expect(message.length).toBe(3 + 24)
    const opened = await read(lite(lb), message)
    expect(opened?.read).toMatchObject({ plaintext: text('SOS'), claimedDevice: 0, counter: 0 })
    expect(opened?.read.claimedSender).toMatchObject({ leaf: 0, credential: text('ok:a') })
  })

  it('shows neither sender nor counter to whoever carries it', () => {
    const { messages } = send(40)
    const headers = messages.map((message) => Buffer.from(message.subarray(2, 8)).toString('hex'))
    expect(new Set(headers).size).toBe(40)
    expect(new Set(messages.map((message) => Buffer.from(message.subarray(0, 2)).toString('hex'))).size).toBe(
      1,
    )
  })

  it('proves nothing of its writer: another member can write it, which is why it says "claimed"', async () => {
    const { message } = sealUnsigned(a.ctx, lite(la), text('as a'))
    // c reads a's message, and so knows the chain that a sends with.
    const opened = await openUnsigned(c.ctx, group(sc), lite(lc), message)
    const chain = unwrapLite(lite(opened?.state)).receiving.get(0)
    const { marks } = unwrapLite(lite(lc))
    const key = c.ctx.crypto.hmacSha256(chain?.secret as Uint8Array, Uint8Array.of(1))
    const forged = sealFrame(c.ctx.crypto, marks, { leaf: 0, device: 0, counter: 1 }, key, text('forged'))
    expect((await read(lite(lb), forged))?.read).toMatchObject({
      plaintext: text('forged'),
      claimedSender: { leaf: 0 },
    })
  })

  it('is read once, in any order, with any of them missing (property)', async () => {
    const { messages } = send(12)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 11 }), { maxLength: 20 }), async (order) => {
        let state = lite(lb)
        const seen = new Set<number>()
        for (const i of order) {
          const before = encodeLite(state)
          if (seen.has(i)) {
            expect(await codeOf(() => read(state, at(messages, i)))).toBe('mls/replayed')
            expect(encodeLite(state)).toEqual(before)
            continue
          }
          const opened = await read(state, at(messages, i))
          expect(string(opened?.read.plaintext as Uint8Array)).toBe(`m${i}`)
          expect(encodeLite(state)).toEqual(before)
          // A restart between any two.
          state = decodeLite(encodeLite(lite(opened?.state)))
          seen.add(i)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('hostile 10: that is too far ahead, replayed or damaged is refused, and the state stays as it was', async () => {
    const { messages } = send(MAX_LITE_SKIPPED + 2)
    const state = lite(lb)
    const before = encodeLite(state)
    expect(await codeOf(() => read(state, at(messages, MAX_LITE_SKIPPED + 1)))).toBe('mls/too-far-ahead')
    const far = await read(state, at(messages, MAX_LITE_SKIPPED))
    expect(far?.read.counter).toBe(MAX_LITE_SKIPPED)
    expect(await codeOf(() => read(lite(far?.state), at(messages, MAX_LITE_SKIPPED)))).toBe('mls/replayed')
    const good = at(messages, 0)
    for (let i = 2; i < good.length; i++) {
      const damaged = good.map((byte, j) => (j === i ? byte ^ 1 : byte))
      // A masked header may turn into any other: every verdict is a refusal.
      expect(await codeOf(() => read(state, damaged))).toMatch(
        /^mls\/(undecryptable|too-far-ahead|not-a-member|own-message)$/,
      )
    }
    expect(encodeLite(state)).toEqual(before)
  })

  it('hostile 11: passed over for ever costs a bounded number of keys', async () => {
    let sending = lite(la)
    let state = lite(lb)
    for (let round = 0; round < 3; round++) {
      const { messages, state: next } = send(MAX_LITE_SKIPPED + 1, sending)
      sending = next
      state = lite((await read(state, at(messages, MAX_LITE_SKIPPED)))?.state)
    }
    expect(unwrapLite(state).receiving.get(0)?.skipped.size).toBe(KEPT_LITE_KEYS)
  })

  it('ends with its epoch: other epochs and groups are null, other chains an error', async () => {
    const { message } = sealUnsigned(a.ctx, lite(la), text('x'))
    const update = await updateSelf(a.ctx, group(sa))
    const next = await after(b.ctx, group(sb), update.commit)
    expect(await codeOf(() => openUnsigned(b.ctx, next, lite(lb), message))).toBe('mls/wrong-epoch')
    const later = await startUnsigned(b.ctx, next)
    const opened = await openUnsigned(b.ctx, next, later, message)
    // The tag has two bytes: once in 65,536 it fits, and then the message does not decrypt.
    expect(opened).toBeNull()
    expect(await read(lite(lb), text('short'))).toBeNull()
  })

  it('is not for its own sender, nor from who was removed', async () => {
    const { message } = sealUnsigned(a.ctx, lite(la), text('x'))
    expect(await codeOf(() => openUnsigned(a.ctx, group(sa), lite(la), message))).toBe('mls/own-message')
    const removal = await removeMembers(a.ctx, group(sa), [2])
    const out = await after(c.ctx, group(sc), removal.commit)
    expect(await codeOf(() => startUnsigned(c.ctx, out))).toBe('mls/removed')
    const fresh = await startUnsigned(a.ctx, removal.state)
    const { marks, sending } = unwrapLite(fresh)
    const key = a.ctx.crypto.hmacSha256(sending.secret, Uint8Array.of(1))
    const ghost = sealFrame(a.ctx.crypto, marks, { leaf: 2, device: 0, counter: 0 }, key, text('x'))
    const member = await after(b.ctx, group(sb), removal.commit)
    const chains = await startUnsigned(b.ctx, member)
    expect(await codeOf(() => openUnsigned(b.ctx, member, chains, ghost))).toBe('mls/not-a-member')
  })

  it('of two programs at one leaf does not use a key twice when each has its number', async () => {
    const second = await startUnsigned(a.ctx, group(sa), 1)
    const one = sealUnsigned(a.ctx, lite(la), text('one'))
    const two = sealUnsigned(a.ctx, second, text('two'))
    const first = await read(lite(lb), one.message)
    const both = await read(lite(first?.state), two.message)
    expect(both?.read).toMatchObject({ plaintext: text('two'), claimedDevice: 1, claimedSender: { leaf: 0 } })
    for (const bad of [-1, 256, 0.5])
      expect(await codeOf(() => startUnsigned(a.ctx, group(sa), bad))).toBe('mls/bad-argument')
  })

  it('is of bounded length, and its counter does not come round', async () => {
    const long = new Uint8Array(MAX_LITE_PLAINTEXT_BYTES + 1)
    expect(await codeOf(() => sealUnsigned(a.ctx, lite(la), long))).toBe('mls/bad-argument')
    expect(await codeOf(() => read(lite(lb), new Uint8Array(4096)))).toBe('mls/too-large')
    const data = unwrapLite(lite(la))
    const spent = wrapLite({ ...data, sending: { ...data.sending, next: 2 ** 24 } })
    expect(await codeOf(() => sealUnsigned(a.ctx, spent, text('x')))).toBe('mls/too-far-ahead')
  })
})

describe('stored chains', () => {
  it('are refused when cut short, prolonged or out of order, and never print a secret', async () => {
    const { messages } = send(4)
    const opened = await read(lite(lb), at(messages, 3))
    const bytes = encodeLite(lite(opened?.state))
    for (let end = 0; end < bytes.length; end++)
      expect(await codeOf(() => decodeLite(bytes.subarray(0, end)))).toBe('mls/bad-snapshot')
    expect(await codeOf(() => decodeLite(Uint8Array.of(...bytes, 0)))).toBe('mls/bad-snapshot')
    expect(await codeOf(() => decodeLite(Uint8Array.of(9, ...bytes.subarray(1))))).toBe('mls/bad-snapshot')
    expect(JSON.stringify(opened?.state)).toBe('{"kind":"mls-lite"}')
    expect(await codeOf(() => encodeLite({ kind: 'mls-lite' }))).toBe('mls/foreign-state')
  })
})
