/** The suites of sessions, and the first two bytes of what travels: version, suite (spec/session.md, "Suites"). */
import { RatchetError } from './errors.js'

/** Of bundles and handshakes. */
export const WIRE_VERSION = 1
/** X25519, HKDF-SHA256, ChaCha20-Poly1305. */
export const SUITE_CLASSIC = 1
/** The same with ML-KEM in the handshake and in a post-quantum ratchet. */
export const SUITE_POST_QUANTUM = 2

/** Whether the suite is the post-quantum one. @throws RatchetError `ratchet/unsupported-version` */
export function readSuite([version = 0, suite = 0]: Uint8Array): boolean {
  if (version !== WIRE_VERSION || (suite !== SUITE_CLASSIC && suite !== SUITE_POST_QUANTUM)) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version, suite } })
  }
  return suite === SUITE_POST_QUANTUM
}
