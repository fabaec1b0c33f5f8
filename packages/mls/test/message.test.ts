// What processMessage tells apart, and the order in which messages may come.
import { concatBytes } from '@hyphae/core'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  encodeGroup,
  encryptMessage,
  type GroupState,
  MAX_MESSAGE_BYTES,
  MAX_SKIPPED_MESSAGES,
  PAST_EPOCHS,
  processMessage,
  removeMembers,
  updateSelf,
} from '../src/index.js'
import { impersonate } from './attacker.js'
import { after, at, codeOf, type Device, device, groupOf, text } from './helpers.js'

let a: Device
let b: Device
let c: Device
let sa: GroupState
let sb: GroupState
let sc: GroupState

beforeEach(async () => {
  ;[a, b, c] = [device('a'), device('b'), device('c')]
  ;[sa, sb, sc] = (await groupOf([a, b, c])) as [GroupState, GroupState, GroupState]
})

async function send(count: number): Promise<Uint8Array[]> {
  const sent: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const { state, message } = await encryptMessage(a.ctx, sa, text(`${i}`), text(''))
    sa = state
    sent.push(message)
  }
  return sent
}

async function reads(state: GroupState, message: Uint8Array): Promise<GroupState> {
  const { state: next, event } = await processMessage(b.ctx, state, message)
  expect(event.kind).toBe('application')
  return next
}

const read = (message: Uint8Array): Promise<string> => codeOf(() => processMessage(b.ctx, sb, message))

describe('processMessage tells apart', () => {
  it('its own echo, in this epoch and after its own commit (defect 10)', async () => {
    const sent = await encryptMessage(b.ctx, sb, text('mine'), text(''))
    expect(await codeOf(() => processMessage(b.ctx, sent.state, sent.message))).toBe('mls/own-message')
    // Also with the state before sending, as after a restart that lost it: never shown as a message.
    expect(await codeOf(() => processMessage(b.ctx, sb, sent.message))).toBe('mls/own-message')
    const update = await updateSelf(b.ctx, sb)
    expect(await codeOf(() => processMessage(b.ctx, update.state, update.commit))).toBe('mls/own-message')
    expect(await codeOf(() => processMessage(b.ctx, sb, update.commit))).toBe('mls/own-message')
  })

  it('a message of a later epoch, with both epochs (defect 10)', async () => {
    const update = await updateSelf(a.ctx, sa)
    const early = await encryptMessage(a.ctx, update.state, text('early'), text(''))
    await expect(processMessage(b.ctx, sb, early.message)).rejects.toMatchObject({
      code: 'mls/wrong-epoch',
      details: { epoch: 2, current: 1 },
    })
    const followed = await after(b.ctx, sb, update.commit)
    await reads(followed, early.message)
  })

  it('a message of an epoch that is no longer kept', async () => {
    const late = at(await send(1), 0)
    for (let i = 0; i <= PAST_EPOCHS; i++) {
      expect((await processMessage(b.ctx, sb, late)).event.kind).toBe('application')
      const update = await updateSelf(c.ctx, sc)
      sc = update.state
      sb = await after(b.ctx, sb, update.commit)
    }
    expect(await read(late)).toBe('mls/wrong-epoch')
  })

  it('a rival commit of a past epoch', async () => {
    const first = await updateSelf(a.ctx, sa)
    const rival = await updateSelf(c.ctx, sc)
    sb = await after(b.ctx, sb, first.commit)
    expect(await read(rival.commit)).toBe('mls/wrong-epoch')
    expect(await read(first.commit)).toBe('mls/replayed')
  })

  it('a message of another group', async () => {
    const other = await groupOf([device('x'), device('y')])
    const { message } = await encryptMessage(a.ctx, at(other, 0), text('x'), text(''))
    // Same id in the helper: give the copy another one.
    const elsewhere = message.slice()
    elsewhere[5] = (elsewhere[5] as number) ^ 1
    expect(await read(elsewhere)).toBe('mls/wrong-group')
    expect(await read(message)).toBe('mls/undecryptable')
  })

  it('damage in every part of a message', async () => {
    const message = at(await send(1), 0)
    const codes = new Set<string>()
    for (let i = 0; i < message.length; i++) {
      const damaged = message.slice()
      damaged[i] = (damaged[i] as number) ^ 0x80
      const code = await read(damaged)
      expect(code, `byte ${i}`).toMatch(/^mls\//)
      codes.add(code)
    }
    expect([...codes].sort()).toEqual([
      'mls/malformed',
      'mls/undecryptable',
      'mls/wrong-epoch',
      'mls/wrong-group',
    ])
  })

  it('a message that a member seals in the name of another', async () => {
    expect(await read(await impersonate(a, sa, 2))).toBe('mls/undecryptable')
    expect(await read(await impersonate(a, sa, 0))).toBe('no error')
    expect(await read(await impersonate(a, sa, 1))).toBe('mls/own-message')
  })

  it('a second encoding of a good message (defect 11)', async () => {
    const message = at(await send(1), 0)
    // The length of the group id in two bytes, where one is enough.
    expect(message[4]).toBe(16)
    const longer = concatBytes(message.subarray(0, 4), Uint8Array.of(0x40, 16), message.subarray(5))
    expect(await read(longer)).toBe('mls/malformed')
    expect(await read(message)).toBe('no error')
  })

  it('what is no message, or too large to look at', async () => {
    const message = at(await send(1), 0)
    expect(await read(text(''))).toBe('mls/malformed')
    expect(await read(Uint8Array.of(...message, 0))).toBe('mls/malformed')
    expect(await read(message.subarray(0, -1))).toBe('mls/malformed')
    expect(await read(new Uint8Array(MAX_MESSAGE_BYTES + 1))).toBe('mls/too-large')
  })
})

describe('messages of one sender', () => {
  it('are read in any order, each once', async () => {
    const sent = await send(20)
    for (const message of [...sent].reverse()) sb = await reads(sb, message)
    for (const message of sent) expect(await read(message)).toBe('mls/replayed')
  })

  it('may miss 260 before one that arrives, and those may still come', async () => {
    const sent = await send(261)
    sb = await reads(sb, at(sent, 260))
    for (const i of [0, 100, 259]) sb = await reads(sb, at(sent, i))
  })

  it('may not miss more than the limit, which costs no state', async () => {
    const sent = await send(MAX_SKIPPED_MESSAGES + 2)
    const before = encodeGroup(sb)
    expect(await read(at(sent, MAX_SKIPPED_MESSAGES + 1))).toBe('mls/too-far-ahead')
    expect(encodeGroup(sb)).toEqual(before)
    await reads(sb, at(sent, MAX_SKIPPED_MESSAGES))
  })

  it('are read after the epoch that they were sent in', async () => {
    const [early, late] = (await send(2)) as [Uint8Array, Uint8Array]
    const update = await updateSelf(c.ctx, sc)
    sb = await after(b.ctx, sb, update.commit)
    sb = await reads(sb, late)
    sb = await reads(sb, early)
    expect(await read(early)).toBe('mls/replayed')
  })

  it('are refused when they come after its removal, even from before it', async () => {
    const [before] = (await send(1)) as [Uint8Array]
    const removal = await removeMembers(c.ctx, sc, [0])
    sb = await after(b.ctx, sb, removal.commit)
    expect(await read(before)).toBe('mls/not-a-member')
  })
})

describe('a member that was offline', () => {
  it('follows 50 commits in order', async () => {
    const missed: Uint8Array[] = []
    for (let i = 0; i < 50; i++) {
      const { state, commit } = await updateSelf(i % 2 === 0 ? a.ctx : c.ctx, i % 2 === 0 ? sa : sc)
      ;[sa, sc] =
        i % 2 === 0 ? [state, await after(c.ctx, sc, commit)] : [await after(a.ctx, sa, commit), state]
      missed.push(commit)
    }
    for (const commit of missed) sb = await after(b.ctx, sb, commit)
    const sent = await encryptMessage(a.ctx, sa, text('still here'), text(''))
    await reads(sb, sent.message)
  })
})
