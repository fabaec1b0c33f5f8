/** A carrier for tests: its three capabilities present, its clock the caller's. */
import { type BoxKey, boxId, type Clock, silentLogger, systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type RelayCarrier, type RelayCarrierOptions, relay } from '@hyphae/transport-relay'

export function carrierTo(
  url: string,
  options?: RelayCarrierOptions,
  clock: Clock = systemClock,
): Promise<RelayCarrier> {
  return relay(url, options)({ clock, logger: silentLogger })
}

export function newBox(): BoxKey {
  const key = crypto.ed25519.generate()
  return { id: boxId(key.publicKey), sign: (message) => crypto.ed25519.sign(key, message) }
}

export function newPut(box: BoxKey) {
  return { box: box.id, id: crypto.randomBytes(16), frame: crypto.randomBytes(128) }
}
