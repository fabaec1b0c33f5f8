// Passive clients: the working group's groups, joined and followed through this package's own functions.
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import { expect, it } from 'vitest'
import {
  epochAuthenticator,
  epoch as epochOf,
  joinGroup,
  type MlsContext,
  type MlsSuite,
  processMessage,
} from '../../src/index.js'
import { unwrapState } from '../../src/state.js'
import { START } from '../helpers.js'
import { MORE, official } from './official.js'

interface Passive {
  readonly cipher_suite: MlsSuite
  readonly external_psks: readonly { psk_id: string; psk: string }[]
  readonly key_package: string
  readonly signature_priv: string
  readonly encryption_priv: string
  readonly init_priv: string
  readonly welcome: string
  readonly ratchet_tree: string | null
  readonly initial_epoch_authenticator: string
  readonly epochs: readonly {
    readonly proposals: readonly string[]
    readonly commit: string
    readonly epoch_authenticator: string
  }[]
}

/** Version 1, then the three keys: as createKeyPackage gives it. */
function secretOf(v: Passive): Uint8Array {
  return fromHex(`01${v.init_priv}${v.encryption_priv}${v.signature_priv}`)
}

/** By epoch: what a client that takes part in resumption would have kept. */
type Resumption = Map<number, Uint8Array>

function contextOf(v: Passive, resumption: Resumption): MlsContext {
  const psks = new Map(v.external_psks.map(({ psk_id, psk }) => [psk_id, fromHex(psk)]))
  return {
    crypto: defaultCrypto,
    suite: v.cipher_suite,
    suites: MORE,
    clock: { now: () => START },
    authenticate: () => true,
    interop: {
      publicHandshakes: true,
      externalJoins: true,
      extensions: [],
      wide: {
        psk: (name) =>
          (name.kind === 'external' ? psks.get(toHex(name.id)) : resumption.get(name.epoch)) ?? null,
      },
    },
  }
}

async function follow(v: Passive): Promise<void> {
  const resumption: Resumption = new Map()
  const ctx = contextOf(v, resumption)
  const tree = v.ratchet_tree === null ? {} : { tree: fromHex(v.ratchet_tree) }
  let state = await joinGroup(ctx, {
    keyPackage: fromHex(v.key_package),
    secret: secretOf(v),
    welcome: fromHex(v.welcome),
    ...tree,
  })
  expect(toHex(epochAuthenticator(state))).toBe(v.initial_epoch_authenticator)
  for (const [i, epoch] of v.epochs.entries()) {
    resumption.set(epochOf(state), unwrapState(state).keySchedule.resumptionPsk)
    for (const proposal of epoch.proposals)
      state = (await processMessage(ctx, state, fromHex(proposal))).state
    state = (await processMessage(ctx, state, fromHex(epoch.commit))).state
    expect(toHex(epochAuthenticator(state)), `epoch ${i}`).toBe(epoch.epoch_authenticator)
  }
}

for (const name of ['passive-client-welcome', 'passive-client-handling-commit', 'passive-client-random'])
  official<Passive>(name, (vectors) => {
    it.each(vectors.map((vector, i) => [i, vector.cipher_suite, vector] as const))(
      '%i, suite %i',
      (_, __, vector) => follow(vector),
    )
  })
