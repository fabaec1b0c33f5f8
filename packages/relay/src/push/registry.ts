/**
 * Which boxes want to be woken, by which token at which gateway: rows that all relays of the store share.
 *
 * Whether a box is registered is asked at each frame, so what was read lately is held in memory: a relay hears up to a
 * minute late of what another was told.
 */
import type { Clock } from '@hyphae/core'
import type { Verdict } from '../engine/engine.js'
import type { Row, ServiceRows } from '../engine/rows.js'
import { MAX_CHANGE_TRIES, MAX_PUSH_CACHED, PUSH_CACHE_MS, PUSH_LIFE_MS, WAKE_CLAIM_MS } from '../limits.js'

export interface Registration {
  /** Host and port; empty: this relay. */
  readonly gateway: string
  readonly token: Uint8Array
}

/** Of one wake, while it is on its way. */
export interface Claim {
  readonly version: number
}

const CLAIMS = 'waking'

export interface Registry {
  /** A promise where it has to be looked up. */
  has(box: string): boolean | Promise<boolean>
  get(box: string): Promise<Registration | undefined>
  /** Ends when it was not renewed for `PUSH_LIFE_MS`. @throws RelayError `relay/store-unreachable` */
  set(box: Uint8Array, registration: Registration): Promise<Verdict>
  drop(box: string): Promise<void>
  /** For one relay of the store at a time, while the box was not woken lately; undefined for the others. */
  claim(box: string): Promise<Claim | undefined>
  /** The wake was sent: nobody claims the box until then, epoch ms. */
  woken(box: string, claim: Claim, until: number): Promise<void>
  /** There was nobody to wake, or the wake was refused. */
  release(box: string, claim: Claim): Promise<void>
  /** All that are claimed now, by any relay. */
  claims(): Promise<(Claim & { readonly box: string })[]>
  /** The claim of a relay that is gone; undefined: it has changed meanwhile. */
  takeOver(box: string, version: number): Promise<Claim | undefined>
}

/** gateway length u8 | gateway | token */
function encode({ gateway, token }: Registration): Uint8Array {
  const name = Buffer.from(gateway)
  return Buffer.concat([Uint8Array.of(name.length), name, token])
}

function decode(value: Uint8Array): Registration {
  const tokenAt = 1 + (value[0] as number)
  return {
    gateway: Buffer.from(value.subarray(1, tokenAt)).toString(),
    token: Uint8Array.from(value.subarray(tokenAt)),
  }
}

function keyOf(table: 'push' | 'wake' | typeof CLAIMS, box: string): string {
  return `${table}.${Buffer.from(box, 'latin1').toString('base64url')}`
}

interface Known {
  readonly there: boolean
  readonly readAt: number
}

interface Memory {
  get(box: string): boolean | undefined
  set(box: string, there: boolean): void
}

function createMemory(clock: Clock): Memory {
  const known = new Map<string, Known>()
  return {
    get: (box) => {
      const held = known.get(box)
      return held !== undefined && Math.abs(clock.now() - held.readAt) < PUSH_CACHE_MS
        ? held.there
        : undefined
    },
    set: (box, there) => {
      known.delete(box)
      known.set(box, { there, readAt: clock.now() })
      const [oldest] = known.keys()
      if (known.size > MAX_PUSH_CACHED && oldest !== undefined) known.delete(oldest)
    },
  }
}

/** Again when somebody else has changed the row meanwhile. */
async function changing(
  rows: ServiceRows,
  key: string,
  change: (held: Row | undefined) => Promise<boolean>,
): Promise<boolean> {
  for (let tries = 0; tries < MAX_CHANGE_TRIES; tries++) if (await change(await rows.get(key))) return true
  return false
}

type Claims = Pick<Registry, 'claim' | 'woken' | 'release' | 'claims' | 'takeOver'>

const HELD = Uint8Array.of(1)

/** `waking.<box>` is held by the relay that wakes, `wake.<box>` says until when nobody does. */
function createClaims(rows: ServiceRows, clock: Clock): Claims {
  const hold = async (box: string, version: number): Promise<Claim | undefined> => {
    const held = await rows.put(keyOf(CLAIMS, box), HELD, version, clock.now() + WAKE_CLAIM_MS)
    return held === undefined ? undefined : { version: held }
  }
  const release = async (box: string, { version }: Claim): Promise<void> => {
    await rows.remove(keyOf(CLAIMS, box), version)
  }
  return {
    claim: async (box) => {
      const claim = await hold(box, 0)
      // In this order: whoever held it before has said that the box is quiet, and then let it go.
      if (claim === undefined || (await rows.get(keyOf('wake', box))) === undefined) return claim
      await release(box, claim)
      return undefined
    },
    woken: async (box, claim, until) => {
      const key = keyOf('wake', box)
      await changing(
        rows,
        key,
        async (held) => (await rows.put(key, HELD, held?.version ?? 0, until)) !== undefined,
      )
      await release(box, claim)
    },
    release,
    claims: async () =>
      (await rows.list(CLAIMS)).map(({ key, version }) => ({
        box: Buffer.from(key.slice(CLAIMS.length + 1), 'base64url').toString('latin1'),
        version,
      })),
    takeOver: hold,
  }
}

export function createRegistry(rows: ServiceRows, clock: Clock): Registry {
  const memory = createMemory(clock)
  const read = async (box: string): Promise<Row | undefined> => {
    const held = await rows.get(keyOf('push', box))
    memory.set(box, held !== undefined)
    return held
  }
  return {
    has: (box) => memory.get(box) ?? read(box).then((held) => held !== undefined),
    get: async (box) => {
      const held = await read(box)
      return held === undefined ? undefined : decode(held.value)
    },
    set: async (box, registration) => {
      const name = Buffer.from(box).toString('latin1')
      const key = keyOf('push', name)
      const value = encode(registration)
      const end = clock.now() + PUSH_LIFE_MS
      await changing(rows, key, async (held) => {
        return (await rows.put(key, value, held?.version ?? 0, end)) !== undefined
      })
      memory.set(name, true)
      return null
    },
    drop: async (box) => {
      const key = keyOf('push', box)
      await changing(rows, key, async (held) => held === undefined || rows.remove(key, held.version))
      memory.set(box, false)
    },
    ...createClaims(rows, clock),
  }
}
