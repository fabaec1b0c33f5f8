// A run of our side, written down so that it can be replayed without the peer: all randomness comes from one seed,
// letters of the peer stand in full, ours as SHA-256, because the replay makes them again.
import { createHash } from 'node:crypto'
import { type HyphaeParty, hyphaeParty } from './hyphae.js'
import type { WireBundle } from './party.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : String(error)
}

export type Step = Readonly<Record<string, unknown>>

function bundleStep(bundle: WireBundle): Step {
  const signed = (key: WireBundle['signedPrekey']): Step => ({
    id: key.id,
    key: hex(key.key),
    signature: hex(key.signature),
  })
  const { prekey } = bundle
  return {
    do: 'initiate',
    registrationId: bundle.registrationId,
    deviceId: bundle.deviceId,
    identityKey: hex(bundle.identityKey),
    signedPrekey: signed(bundle.signedPrekey),
    kyberPrekey: signed(bundle.kyberPrekey),
    ...(prekey === undefined ? {} : { prekey: { id: prekey.id, key: hex(prekey.key) } }),
  }
}

export interface Recorded {
  readonly party: HyphaeParty
  readonly steps: Step[]
}

/** A party that notes what it is asked and what it gives. */
export function recorded(seed: Uint8Array): Recorded {
  const inner = hyphaeParty(seed)
  const steps: Step[] = []
  const party: HyphaeParty = {
    ...inner,
    async publish(withPrekey) {
      const bundle = await inner.publish(withPrekey)
      const signatures = [bundle.signedPrekey, bundle.kyberPrekey].map(({ signature }) => hex(signature))
      steps.push({ do: 'publish', withPrekey, signatures })
      return bundle
    },
    async initiate(bundle) {
      await inner.initiate(bundle)
      steps.push(bundleStep(bundle))
    },
    async encrypt(plaintext) {
      const letter = await inner.encrypt(plaintext)
      steps.push({ do: 'send', plaintext: hex(plaintext), kind: letter.kind, sha256: digest(letter.bytes) })
      return letter
    },
    async decrypt(letter) {
      const { kind } = letter
      const message = hex(letter.bytes)
      try {
        const plaintext = await inner.decrypt(letter)
        steps.push({ do: 'receive', kind, message, plaintext: hex(plaintext) })
        return plaintext
      } catch (error) {
        steps.push({ do: 'refuse', kind, message, code: codeOf(error) })
        throw error
      }
    },
  }
  return { party, steps }
}
