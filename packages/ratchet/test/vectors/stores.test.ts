/** Hostile case 53 for whole stores: what two devices stored once is opened, and they talk on from it. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, type Store, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import { postQuantum } from '../../src/pq.js'
import { openSessions, type Sessions } from '../../src/sessions.js'
import { crypto } from '../support.js'
import { type FrozenDevice, type FrozenStores, rowsOf, storeOf, summaryOf } from './stores.js'

/** SHA-256 of the file, as in snapshots.test.ts: a changed line is a broken promise. */
const HASH = '03318069a6f6eeb9188e2edb2348e1090bbe0f4a2ba34df5295e30afc39c4dd5'

const folder = new URL('../../../../vectors/snapshots/', import.meta.url)
const bytes = readFileSync(new URL('stores-v1.json', folder))
const frozen = JSON.parse(bytes.toString()).snapshots as FrozenStores[]

interface Opened {
  readonly name: string
  readonly store: Store
  readonly sessions: Sessions
}

async function openDevice(from: FrozenDevice, { now, suite }: FrozenStores): Promise<Opened> {
  const store = await storeOf(from.rows)
  const keys = {
    signing: crypto.ed25519.importSeed(fromHex(from.signingSeed)),
    agreement: crypto.x25519.importPrivateKey(fromHex(from.agreementSecret)),
  }
  const pq = suite === 1 ? {} : { pq: postQuantum }
  const sessions = await openSessions({ crypto, clock: { now: () => now + 1000 }, keys, store, ...pq })
  return { name: from.name, store, sessions }
}

async function read({ sessions }: Opened, frame: Uint8Array): Promise<string | null> {
  const opened = await sessions.transact((tx) => sessions.decrypt(tx, { frame }))
  return opened === null ? null : `${opened.device}: ${Buffer.from(opened.body).toString()}`
}

async function talk(from: Opened, to: Opened, text: string): Promise<string | null> {
  const input = { body: Buffer.from(text), size: 512 } as const
  const { frame } = await from.sessions.transact((tx) => from.sessions.encrypt(tx, to.name, input))
  return read(to, frame)
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  )
}

describe('hostile 53: frozen stores', () => {
  it('are the ones that were frozen, not a byte changed', () => {
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(HASH)
    expect(readdirSync(folder).filter((name) => name.startsWith('stores-'))).toEqual(['stores-v1.json'])
    expect(frozen.map(({ suite }) => suite)).toEqual([1, 2])
    for (const { devices } of frozen) {
      const tables = new Set(devices.flatMap(({ rows }) => rows.map(({ key }) => key[0])))
      expect([...tables].sort()).toEqual(
        ['meta', 'one-time', 'peer', 'prekeys', 'seen', 'session'].map((name) => `ratchet-${name}`),
      )
    }
  })

  describe.each(frozen.map((one) => [one.name, one] as const))('%s', (_, stores) => {
    const open = () =>
      Promise.all(stores.devices.map((one) => openDevice(one, stores))) as Promise<[Opened, Opened]>

    it('are opened without a change, and list the same sessions', async () => {
      for (const [i, device] of (await open()).entries()) {
        const { rows, sessions } = stores.devices[i] as FrozenDevice
        expect(device.sessions.status()).not.toBe('rolled-back')
        for (const [peer, expected] of Object.entries(sessions)) {
          expect((await device.sessions.list(device.store, peer)).map(summaryOf)).toEqual(expected)
        }
        expect(await rowsOf(device.store)).toEqual(rows)
      }
    })

    it('open what was on its way, once, and talk on', async () => {
      const devices = await open()
      for (const [i, device] of devices.entries()) {
        const { frame, from, body } = (stores.devices[i] as FrozenDevice).opens
        expect(await read(device, fromHex(frame))).toBe(`${from}: ${body}`)
        expect(await read(device, fromHex(frame))).toBeNull()
      }
      const [alice, bob] = devices
      for (let i = 0; i < 3; i++) {
        expect(await talk(alice, bob, `${i}`)).toBe(`alice: ${i}`)
        expect(await talk(bob, alice, `${i}`)).toBe(`bob: ${i}`)
      }
    })

    it('hostile 16: remember whose handshake was accepted', async () => {
      const [, bob] = await open()
      const { handshake, signing, agreement } = stores.seen
      const input = {
        device: 'carol',
        peer: { signing: fromHex(signing), agreement: fromHex(agreement) },
        handshake: fromHex(handshake),
      }
      const before = await rowsOf(bob.store)
      expect(await codeOf(bob.sessions.transact((tx) => bob.sessions.accept(tx, input)))).toBe(
        'ratchet/replayed',
      )
      expect(await rowsOf(bob.store)).toEqual(before)
    })

    it('are refused whole when a row is of a version to come', async () => {
      const [device] = stores.devices
      for (const table of ['meta', 'peer', 'session']) {
        const rows = device.rows.map((row) => {
          if (row.key[0] !== `ratchet-${table}`) return row
          const value = fromHex(row.value)
          value[0] = (value[0] as number) + 1
          return { ...row, value: toHex(value) }
        })
        const opening = openDevice({ ...device, rows }, stores)
        if (table === 'meta') {
          expect(await codeOf(opening)).toBe('ratchet/unsupported-version')
          continue
        }
        const { sessions } = await opening
        const input = { frame: fromHex(device.opens.frame), device: device.opens.from }
        const attempt = sessions.transact((tx) => sessions.decrypt(tx, input))
        expect(await codeOf(attempt)).toBe('ratchet/unsupported-version')
      }
    })
  })
})
