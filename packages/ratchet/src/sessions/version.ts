/** Every row begins with the version of its own layout. */
import { RatchetError } from '../errors.js'

/** An empty row is left to whoever decodes it. @throws RatchetError `ratchet/unsupported-version` */
export function checkVersion([version]: Uint8Array, expected: number): void {
  if (version !== undefined && version !== expected) {
    throw new RatchetError('ratchet/unsupported-version', { details: { version } })
  }
}
