// What the tests of this package share: devices on a virtual clock, and groups of them.
import { type CryptoProvider, createNobleCrypto, defaultCrypto } from '@hyphae/crypto'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  type GroupState,
  generateSigningKey,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
  type MlsSuite,
  processMessage,
  type RoleOptions,
  type SigningKey,
  type SuiteMaker,
} from '../src/index.js'

export const START = Date.UTC(2026, 0, 1)
export const DAY = 24 * 3600 * 1000

export interface Device {
  readonly name: string
  readonly ctx: MlsContext
  readonly identity: MlsIdentity<SigningKey>
  readonly time: { at: number }
}

export interface DeviceOptions {
  readonly crypto?: CryptoProvider
  readonly suite?: MlsSuite
  readonly suites?: readonly SuiteMaker[]
  readonly time?: { at: number }
  readonly authenticate?: MlsContext['authenticate']
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value)
export const string = (value: Uint8Array): string => new TextDecoder().decode(value)
export const noble: CryptoProvider = createNobleCrypto()

/** A credential is good when it begins with `ok:`. */
const honest = (credential: Uint8Array): boolean => string(credential).startsWith('ok:')

export function device(name: string, options: DeviceOptions = {}): Device {
  const { crypto = defaultCrypto, suite = 1, suites = [], time = { at: START } } = options
  const { authenticate = honest } = options
  const ctx = { crypto, suite, suites, clock: { now: () => time.at }, authenticate }
  const identity = { signing: generateSigningKey(ctx), credential: text(`ok:${name}`) }
  return { name, ctx, identity, time }
}

/** The secret of a device's Ed25519 key. */
export function seedOf({ ctx, identity: { signing } }: Device): Uint8Array {
  if (signing.kind !== 'ed25519') throw new Error(`a key of ${signing.kind}`)
  return ctx.crypto.ed25519.exportSeed(signing)
}

export const GROUP_ID: Uint8Array = new Uint8Array(16).fill(7)

/** Devices with their states, all in one group and one epoch: the first has added the others at once. */
export async function groupOf(devices: readonly Device[], roles?: RoleOptions): Promise<GroupState[]> {
  const [creator, ...others] = devices as [Device, ...Device[]]
  const alone = await createGroup(creator.ctx, creator.identity, GROUP_ID, roles)
  if (others.length === 0) return [alone]
  const offers = await Promise.all(others.map(({ ctx, identity }) => createKeyPackage(ctx, identity)))
  const added = await addMembers(
    creator.ctx,
    alone,
    offers.map(({ keyPackage }) => keyPackage),
  )
  const joined = await Promise.all(
    others.map(({ ctx }, i) =>
      joinGroup(ctx, {
        ...(offers[i] as { keyPackage: Uint8Array; secret: Uint8Array }),
        welcome: added.welcome,
      }),
    ),
  )
  return [added.state, ...joined]
}

/** The state after reading a message that must be readable. */
export async function after(ctx: MlsContext, state: GroupState, message: Uint8Array): Promise<GroupState> {
  return (await processMessage(ctx, state, message)).state
}

/** The code of the error that `run` must end in. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    return (error as { code?: string }).code ?? `untyped: ${String(error)}`
  }
  return 'no error'
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}
