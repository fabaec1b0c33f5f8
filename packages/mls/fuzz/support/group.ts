/**
 * The group that every target attacks, the same in every run: all its randomness comes from one seed, so
 * what the corpus holds was really sent in it.
 */
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  type GroupState,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
} from '../../src/index.js'

export interface FuzzTarget {
  readonly name: string
  /** Throws nothing but HyphaeErrors, unless there is a bug. */
  run(input: Uint8Array): Promise<void>
}

export interface FuzzGroup {
  readonly ctx: MlsContext
  readonly identities: readonly MlsIdentity[]
  /** A member that sends. */
  readonly attacker: GroupState
  /** A member that reads. */
  readonly victim: GroupState
  /** What brought the victim in. */
  readonly invitation: { keyPackage: Uint8Array; secret: Uint8Array; welcome: Uint8Array }
  /** A KeyPackage that nobody has used. */
  readonly spare: Uint8Array
}

const NOW = Date.UTC(2026, 0, 1)
const PREFIX = 'fuzz:'

async function build(): Promise<FuzzGroup> {
  const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(0x5e)) })
  const authenticate = (credential: Uint8Array): boolean =>
    new TextDecoder().decode(credential).startsWith(PREFIX)
  const ctx: MlsContext = { crypto, clock: { now: () => NOW }, authenticate }
  const identities = ['attacker', 'victim', 'third', 'spare'].map((name) => ({
    signing: crypto.ed25519.generate(),
    credential: new TextEncoder().encode(PREFIX + name),
  }))
  const [attacker, ...others] = identities as [MlsIdentity, MlsIdentity, MlsIdentity, MlsIdentity]
  const alone = await createGroup(ctx, attacker, new Uint8Array(16).fill(0x67))
  const offers = []
  for (const identity of others) offers.push(await createKeyPackage(ctx, identity))
  const [offer, third, spare] = offers as [(typeof offers)[0], (typeof offers)[0], (typeof offers)[0]]
  const added = await addMembers(ctx, alone, [offer.keyPackage, third.keyPackage])
  const invitation = { ...offer, welcome: added.welcome }
  const victim = await joinGroup(ctx, invitation)
  return { ctx, identities, attacker: added.state, victim, invitation, spare: spare.keyPackage }
}

let built: Promise<FuzzGroup> | undefined

export function fuzzGroup(): Promise<FuzzGroup> {
  built ??= build()
  return built
}
