// Stopping at any point: what is stored goes on, and what was sent comes back as an echo.
import { describe, expect, it } from 'vitest'
import { createKeyPackage } from '../../src/index.js'
import {
  decodeLogRows,
  encodeLogChanges,
  encodeLogRows,
  forgetPast,
  type LogRow,
  step,
} from '../../src/order/index.js'
import { at } from '../helpers.js'
import { evilCommit } from './evil.js'
import {
  authenticator,
  commit,
  epochOf,
  feed,
  hear,
  invite,
  keyOf,
  kinds,
  type Peer,
  peers,
  run,
  settle,
  shown,
  stateOf,
  twin,
  want,
  write,
} from './peers.js'

/** The peer as it comes back from its store. */
function restarted(peer: Peer, rows: Iterable<LogRow> = encodeLogRows(peer.log)): Peer {
  return { ...twin(peer), log: decodeLogRows(peer.ctx.mls, rows) }
}

class Disk {
  readonly rows: Map<string, Uint8Array> = new Map()

  write(changes: readonly LogRow[]): number {
    for (const { key, value } of changes)
      if (value === null) this.rows.delete(key)
      else this.rows.set(key, value)
    return changes.length
  }

  *read(): Iterable<LogRow> {
    for (const [key, value] of this.rows) yield { key, value }
  }
}

const sortedRows = (rows: Iterable<LogRow>): LogRow[] => [...rows].sort((a, b) => (a.key < b.key ? -1 : 1))

describe('a crash between publish and apply', () => {
  it('before the log is stored: nothing was sent, and nothing has happened', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const rows = encodeLogRows(a.log)
    await step(a.ctx, a.log, { kind: 'intent', intent: { kind: 'update' } })
    const again = restarted(a, rows)
    await hear(b, await commit(again))
    expect(authenticator(b)).toBe(authenticator(again))
  })

  it('after the log is stored and before anything is sent: the same commit is sent by the next start', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const envelope = await commit(a)
    const again = restarted(a)
    again.sent.length = 0
    await feed(again, { kind: 'resume' })
    expect(again.sent).toEqual([envelope])
    await hear(b, at(again.sent, 0))
    expect(authenticator(b)).toBe(authenticator(again))
  })

  it('while a sequencer is asked: it is asked again', async () => {
    const [a] = (await peers(2, { mode: 'relay-sequenced' })) as [Peer, Peer]
    await want(a, { kind: 'update' })
    const again = restarted(a)
    again.submitted.length = 0
    await feed(again, { kind: 'resume' })
    expect(again.submitted).toEqual(a.submitted)
    await feed(again, { kind: 'sequenced', parent: at(again.submitted, 0).parent, answer: 'accepted' })
    expect(epochOf(again)).toBe(2)
  })
})

describe('own echo', () => {
  it('changes nothing, for commits, messages and proposals', async () => {
    const [a, b] = (await peers(3)) as [Peer, Peer, Peer]
    await commit(a)
    await write(a, 'hello')
    await want(a, { kind: 'leave' })
    const before = a.log
    for (const envelope of a.sent) expect(await hear(a, envelope)).toEqual([])
    expect(encodeLogChanges(before, a.log)).toEqual([])
    for (const envelope of a.sent) await hear(b, envelope)
    expect(epochOf(b)).toBe(2)
  })
})

describe('hostile 8: replay', () => {
  it('shows a message once and follows a commit once, also after a restart', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    await write(a, 'before')
    await commit(a)
    await write(a, 'after')
    for (const envelope of a.sent) await hear(b, envelope)
    const again = restarted(b)
    for (const envelope of [...a.sent, ...a.sent.toReversed()]) await hear(again, envelope)
    expect(shown(again)).toEqual([])
    expect(authenticator(again)).toBe(authenticator(a))
  })
})

describe('rows', () => {
  it('written by changes are those of the whole, and give back the same log', async () => {
    const group = (await peers(4)) as [Peer, Peer, Peer, Peer]
    const [a, b, , d] = group
    const disk = new Disk()
    disk.write(encodeLogRows(b.log))
    let stored = b.log
    const save = (): void => {
      disk.write(encodeLogChanges(stored, b.log))
      stored = b.log
      expect(sortedRows(disk.read())).toEqual(sortedRows(encodeLogRows(b.log)))
    }
    const fork = await evilCommit(d.device, stateOf(d))
    await hear(b, await write(a, 'one'))
    save()
    const early = await commit(a)
    await hear(b, await write(a, 'early'))
    save()
    for (const words of ['own', 'and one more']) {
      await write(b, words)
      save()
    }
    expect(decodeLogRows(b.ctx.mls, disk.read()).nodes.get(b.log.tip)?.sent).toHaveLength(2)
    for (const envelope of [early, fork.envelope, (await evilCommit(d.device, stateOf(d))).envelope]) {
      await hear(b, envelope)
      save()
    }
    await want(b, { kind: 'update' })
    save()
    await run(group, 30_000)
    save()
    for (let i = 0; i < 6; i++) await hear(b, await invite(a, `${i}`))
    save()
    await want(b, { kind: 'leave' })
    save()
    const again = restarted(b, disk.read())
    expect(sortedRows(encodeLogRows(again.log))).toEqual(sortedRows(disk.read()))
    await hear(again, await write(a, 'and on'))
    expect(kinds(again.events)).toEqual(['message'])
  })

  it('change by a few for a message, however many epochs are kept', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    for (let i = 0; i < 4; i++) await hear(b, await invite(a, `${i}`))
    const envelope = await write(a, 'small')
    const { log } = await step(b.ctx, b.log, { kind: 'envelope', envelope })
    const changes = encodeLogChanges(b.log, log)
    expect(changes.length).toBeLessThan(6)
    expect(changes.every(({ value }) => (value?.length ?? 0) < 2_000)).toBe(true)
  })

  it('that are torn, cut, mixed or of another version are refused', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    await hear(b, await commit(a))
    const rows = encodeLogRows(b.log)
    const refused = (bad: readonly LogRow[]): void => {
      expect(() => decodeLogRows(b.ctx.mls, bad)).toThrow(
        expect.objectContaining({ code: 'mls/bad-snapshot' }),
      )
    }
    for (const row of rows) refused(rows.filter((other) => other !== row))
    for (const row of rows.filter(({ key }) => !key.startsWith('commit/') && !key.startsWith('state/')))
      for (const cut of [0, 1, (row.value?.length ?? 1) - 1])
        refused(rows.map((one) => (one === row ? { ...one, value: one.value?.slice(0, cut) ?? null } : one)))
    refused(
      rows.map((one) =>
        one.key === 'log' ? { ...one, value: Uint8Array.of(9, ...(one.value ?? [])) } : one,
      ),
    )
  })

  it('are of epochs in use alone: what is given up is forgotten', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    const first = b.log
    for (let i = 0; i < 6; i++) await hear(b, await invite(a, `${i}`))
    forgetPast(first, b.log)
    expect(() => encodeLogRows(first)).toThrow(expect.objectContaining({ code: 'mls/foreign-state' }))
    await hear(b, await write(a, 'still read'))
    expect(shown(b)).toEqual(['still read'])
    await settle([a, b])
    expect(authenticator(a)).toBe(authenticator(b))
  })
})

describe('a step that fails', () => {
  it('leaves the log as it was', async () => {
    const [a, b] = (await peers(2)) as [Peer, Peer]
    await hear(b, await commit(a, { kind: 'remove', signatureKey: keyOf(b) }))
    const before = sortedRows(encodeLogRows(b.log))
    await expect(write(b, 'from outside')).rejects.toMatchObject({ code: 'mls/removed' })
    expect(sortedRows(encodeLogRows(b.log))).toEqual(before)
    const { keyPackage } = await createKeyPackage(b.ctx.mls, b.ctx.identity)
    await feed(b, { kind: 'key-package', keyPackage })
    expect(kinds(b.events).at(-1)).toBe('removed')
  })
})
