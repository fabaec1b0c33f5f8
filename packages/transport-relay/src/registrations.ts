/** Who is to be woken when mail comes, and the keys of a gateway. spec/relay-push.md. */
import { type BoxKey, type IoOptions, KEY_BYTES, utf8 } from '@hyphae/core'
import { checkLength } from './check.js'
import type { Dialer } from './dialer.js'
import { relayUrl } from './relay-url.js'
import { PUSH_TOKEN_BYTES } from './wire/push-requests.js'

export interface PushGatewayKeys {
  /** X25519: tokens are sealed to it, 32 bytes. */
  readonly sealKey: Uint8Array
  /** P-256: `applicationServerKey` of the subscription, 65 bytes. */
  readonly vapidKey: Uint8Array
}

export interface PushRegistrations {
  /** Of this relay as a gateway. */
  keys(options?: IoOptions): Promise<PushGatewayKeys>
  /**
   * Replaces what was registered for the box. `token` is of `sealPushToken`, one of its own for each box; `gateway` is
   * the URL of the relay that it is sealed to, this relay when left out.
   */
  register(box: BoxKey, token: Uint8Array, options?: IoOptions & { readonly gateway?: string }): Promise<void>
  unregister(box: BoxKey, options?: IoOptions): Promise<void>
}

export function createRegistrations(dialer: Dialer): PushRegistrations {
  return {
    keys: async ({ signal } = {}) => {
      const ask = { kind: 'push-offer', bytes: new Uint8Array(0) } as const
      const { bytes } = await dialer.call(ask, 'push-offered', { repeatable: true, signal })
      return { sealKey: bytes.slice(0, KEY_BYTES), vapidKey: bytes.slice(KEY_BYTES) }
    },
    register: async (box, token, { gateway, signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      checkLength(token, PUSH_TOKEN_BYTES, 'token')
      const named = gateway === undefined ? new Uint8Array(0) : utf8(relayUrl(gateway).host)
      const ask = { kind: 'push-register', box: box.id, gateway: named, token } as const
      await dialer.call(ask, 'ok', { box, repeatable: true, signal })
    },
    unregister: async (box, { signal } = {}) => {
      checkLength(box.id, KEY_BYTES, 'box')
      await dialer.call({ kind: 'push-unregister', box: box.id }, 'ok', { box, repeatable: true, signal })
    },
  }
}
