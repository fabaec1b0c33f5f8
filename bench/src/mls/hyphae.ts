// Ours, through the public interface.
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  addMembers,
  createGroup,
  createKeyPackage,
  encryptMessage,
  type GroupState,
  joinGroup,
  type MlsContext,
  type MlsIdentity,
  processMessage,
  updateSelf,
} from '@hyphae/mls'
import { type Contender, type Group, identity, other, PLAINTEXT, type Side } from './contender.ts'

export const ctx: MlsContext = { crypto, clock: systemClock, authenticate: () => true }
const NO_AAD = new Uint8Array()

export interface Device {
  readonly identity: MlsIdentity
  readonly offer: { keyPackage: Uint8Array; secret: Uint8Array }
}

export async function makeDevice(index: number): Promise<Device> {
  const credential = new TextEncoder().encode(identity(index))
  const own = { signing: crypto.ed25519.generate(), credential }
  return { identity: own, offer: await createKeyPackage(ctx, own) }
}

export async function makeDevices(count: number): Promise<Device[]> {
  const devices: Device[] = []
  for (let index = 0; index < count; index++) devices.push(await makeDevice(index))
  return devices
}

/** The states are there to be looked at between the steps. */
export interface OurGroup extends Group {
  readonly states: Record<Side, GroupState>
  readonly welcome: () => Uint8Array
}

export async function newGroup(devices: readonly Device[]): Promise<OurGroup> {
  const [first, ...rest] = devices as [Device, ...Device[]]
  const last = rest.at(-1) as Device
  const alone = await createGroup(ctx, first.identity, crypto.randomBytes(16))
  const states: Record<Side, GroupState> = { first: alone, last: alone }
  let welcome: Uint8Array = NO_AAD
  let commit: Uint8Array = NO_AAD
  const messages: Uint8Array[] = []
  return {
    states,
    welcome: () => welcome,
    async addAll() {
      const added = await addMembers(
        ctx,
        states.first,
        rest.map(({ offer }) => offer.keyPackage),
      )
      states.first = added.state
      welcome = added.welcome
    },
    async join() {
      states.last = await joinGroup(ctx, { ...last.offer, welcome })
    },
    async update(who) {
      const updated = await updateSelf(ctx, states[who])
      states[who] = updated.state
      commit = updated.commit
    },
    async process(who) {
      const side = other(who)
      states[side] = (await processMessage(ctx, states[side], commit)).state
    },
    async encrypt(count) {
      messages.length = 0
      for (let i = 0; i < count; i++) {
        const sent = await encryptMessage(ctx, states.first, PLAINTEXT, NO_AAD)
        states.first = sent.state
        messages.push(sent.message)
      }
    },
    async decrypt() {
      for (const message of messages) {
        const read = await processMessage(ctx, states.last, message)
        if (read.event.kind !== 'application' || read.event.plaintext.length !== PLAINTEXT.length)
          throw new Error('not read')
        states.last = read.state
      }
    },
  }
}

export const hyphae: Contender = {
  name: 'hyphae',
  async prepare(members) {
    const devices = await makeDevices(members)
    return () => newGroup(devices)
  },
}
