/** Which boxes want to be woken, by which token at which gateway: durable, and in memory by name. */
import type { Clock, Store } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import { refuse } from '../engine/engine.js'
import { boxName } from '../engine/keys.js'
import { MAX_PUSH_BOXES, PUSH_LIFE_MS } from '../limits.js'

export interface Registration {
  /** Host and port; empty: this relay. */
  readonly gateway: string
  readonly token: Uint8Array
}

export interface Registry {
  has(box: string): boolean
  get(box: string): Promise<Registration | undefined>
  set(box: Uint8Array, registration: Registration): Promise<Verdict>
  drop(box: string): Promise<void>
  /** Forgets what was not renewed. */
  sweep(): Promise<void>
}

const TABLE = 'push'
const DAY_MS = 24 * 60 * 60 * 1000

/** day u32 | gateway length u8 | gateway | token */
function encode({ gateway, token }: Registration, day: number): Uint8Array {
  const name = Buffer.from(gateway)
  const head = Buffer.alloc(5)
  head.writeUInt32LE(day, 0)
  head.writeUInt8(name.length, 4)
  return Buffer.concat([head, name, token])
}

function decode(value: Uint8Array): Registration & { readonly day: number } {
  const bytes = Buffer.from(value)
  const tokenAt = 5 + bytes.readUInt8(4)
  return {
    day: bytes.readUInt32LE(0),
    gateway: bytes.toString('utf8', 5, tokenAt),
    token: new Uint8Array(bytes.subarray(tokenAt)),
  }
}

function boxOf(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(name, 'latin1'))
}

export async function openRegistry(
  store: Store,
  clock: Clock,
  added: (box: Uint8Array) => void,
): Promise<Registry> {
  const names = new Set<string>()
  const today = (): number => Math.floor(clock.now() / DAY_MS)
  for (const { key } of await store.list([TABLE])) {
    names.add(boxName(key[1] as Uint8Array))
    added(key[1] as Uint8Array)
  }
  const drop = async (box: string): Promise<void> => {
    if (!names.delete(box)) return
    await store.transact((tx) => tx.delete([TABLE, boxOf(box)]))
  }
  return {
    has: (box) => names.has(box),
    get: async (box) => {
      const held = await store.get([TABLE, boxOf(box)])
      return held === undefined ? undefined : decode(held)
    },
    set: async (box, registration) => {
      const name = boxName(box)
      if (!names.has(name) && names.size >= MAX_PUSH_BOXES) return refuse('limit')
      await store.transact((tx) => tx.put([TABLE, box], encode(registration, today())))
      if (!names.has(name)) added(box)
      names.add(name)
      return null
    },
    drop,
    sweep: async () => {
      const oldest = today() - PUSH_LIFE_MS / DAY_MS
      for (const { key, value } of await store.list([TABLE]))
        if (decode(value).day < oldest) await drop(boxName(key[1] as Uint8Array))
    },
  }
}
