// Who is who in the simulation: `d3` is a device, its account is `d3` or that of the device before.

import type { Clock } from '@hyphae/core'
import { createNodeCrypto } from '@hyphae/crypto'
import type { Simulation } from '@hyphae/testkit'
import type { MlsContext, MlsIdentity } from '../../src/index.js'
import { string, text } from '../helpers.js'
import type { Plan } from './plan.js'

export interface Person {
  readonly ctx: MlsContext
  readonly identity: MlsIdentity
}

/** `ok:<account>/<device>` */
export function credentialOf(plan: Plan, name: string): Uint8Array {
  return text(`ok:${accountNameOf(plan, name)}/${name}`)
}

export function accountNameOf({ seconds }: Plan, name: string): string {
  return seconds.includes(name) ? `d${Number(name.slice(1)) - 1}` : name
}

export const deviceIn = (credential: Uint8Array): string => string(credential).replace(/.*\//, '')

export const accountIn = (credential: Uint8Array): Uint8Array =>
  text(string(credential).replace('ok:', '').replace(/\/.*/, ''))

export function person(sim: Simulation, plan: Plan, name: string): Person {
  const crypto = createNodeCrypto({ rng: sim.random(`keys of ${name}`).bytes })
  const clock: Pick<Clock, 'now'> = sim.clock
  const ctx: MlsContext = {
    crypto,
    clock,
    authenticate: (credential) => string(credential).startsWith('ok:'),
    accountOf: accountIn,
  }
  return { ctx, identity: { signing: crypto.ed25519.generate(), credential: credentialOf(plan, name) } }
}
