// A device in the simulation: its keys, its disk, and one life after another.
import type { NodeLife } from '@hyphae/testkit'
import type { GroupState, MlsContext, MlsIdentity } from '../../src/index.js'
import type { Effect } from '../../src/order/effect.js'
import type { OrderContext } from '../../src/order/input.js'
import type { GroupLog, OrderMode } from '../../src/order/log.js'
import type { GroupRules } from '../../src/order/rules.js'
import { startLog } from '../../src/order/step.js'
import { type Durable, EMPTY, type Vault, vault } from './durable.js'
import { type Running, run } from './life.js'
import type { PostOffice } from './post.js'

/** What all devices of a world share. */
export interface Surroundings {
  readonly office: PostOffice
  readonly mode: OrderMode
  /** The product's own when undefined. */
  readonly rulesOf: ((ctx: MlsContext) => GroupRules) | undefined
  /** Everybody who hears the group. */
  names(): readonly string[]
  nameOf(signatureKey: Uint8Array): string | undefined
  /** Asks the sequencer; settles when it has answered. */
  submit(life: NodeLife, parent: string, envelope: Uint8Array): Promise<'accepted' | 'taken'>
  /** Sees every log right before it becomes durable. */
  observe(name: string, before: GroupLog | null, after: GroupLog, effects: readonly Effect[]): void
  /** An invitation has come to nothing. */
  invitationVoid(inviter: string, signatureKey: Uint8Array): void
}

export interface Device {
  readonly name: string
  readonly ctx: MlsContext
  readonly identity: MlsIdentity
  readonly order: OrderContext
  readonly vault: Vault
  /** Undefined while the device is down. */
  readonly running: Running | undefined
  program(life: NodeLife): Promise<void>
  /** Founds the group or was added at once, before anything runs. */
  begin(state: GroupState): Promise<void>
}

export function device(name: string, ctx: MlsContext, identity: MlsIdentity, around: Surroundings): Device {
  const disk = vault()
  const rules = around.rulesOf?.(ctx)
  const order = { mls: ctx, identity, mode: around.mode, ...(rules && { rules }) }
  let beginning: Durable = EMPTY
  let running: Running | undefined
  return {
    name,
    ctx,
    identity,
    order,
    vault: disk,
    get running() {
      return running?.life.alive ? running : undefined
    },
    begin: async (state) => {
      beginning = { ...EMPTY, log: await startLog(order, state), joins: 1 }
    },
    program: async (life) => {
      const found = await disk.load(life)
      running = await run({ life, order, around, disk, durable: found === EMPTY ? beginning : found })
    },
  }
}
