/**
 * Rows whose values only relays with the operator's key can read. spec/relay-engines.md section 7.2.
 *
 *     value = nonce 24 | XChaCha20-Poly1305(key, nonce, value, associated data: the row's key)
 *
 * Whether rows are sealed, and with which key, is settled by whoever is first: a row says so.
 */
import { isHyphaeError, utf8 } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { Row, ServiceRows } from '../engine/rows.js'
import { RelayError } from '../errors.js'

export const SERVICE_KEY_BYTES = 32

const NONCE_BYTES = 24
const LABEL = utf8('hyphae relay service rows v1')
const MARK = 'sealed'
const OPEN = Uint8Array.of(0)
const SEALED = Uint8Array.of(1)

function bad(reason: string): RelayError {
  return new RelayError('relay/bad-setting', { details: { setting: 'serviceKey', reason } })
}

function sealing(rows: ServiceRows, crypto: CryptoProvider, secret: Uint8Array): ServiceRows {
  const { xchacha20Poly1305: aead } = crypto
  const key = crypto.hkdfSha256(secret, new Uint8Array(0), LABEL, SERVICE_KEY_BYTES)
  const seal = (name: string, value: Uint8Array): Uint8Array => {
    const nonce = crypto.randomBytes(NONCE_BYTES)
    return Buffer.concat([nonce, aead.seal(key, nonce, value, utf8(name))])
  }
  const open = <T extends Row>(name: string, row: T): T => {
    const opened = aead.open(
      key,
      row.value.subarray(0, NONCE_BYTES),
      row.value.subarray(NONCE_BYTES),
      utf8(name),
    )
    if (opened === null) throw new RelayError('relay/data-corrupt')
    return { ...row, value: opened }
  }
  return {
    ...rows,
    get: async (name) => {
      const row = await rows.get(name)
      return row === undefined ? undefined : open(name, row)
    },
    put: (name, value, version, until) => rows.put(name, seal(name, value), version, until),
    list: async (prefix) => (await rows.list(prefix)).map((row) => open(row.key, row)),
  }
}

/**
 * The rows, sealed under the key where there is one.
 * @throws RelayError `relay/bad-setting` when they are sealed under another key, or are and should not be
 */
export async function sealedRows(
  rows: ServiceRows,
  crypto: CryptoProvider,
  secret: Uint8Array | undefined,
): Promise<ServiceRows> {
  if (secret !== undefined && secret.length !== SERVICE_KEY_BYTES) throw bad('expected 32 bytes')
  const within = secret === undefined ? rows : sealing(rows, crypto, secret)
  const wanted = secret === undefined ? OPEN : SEALED
  // Somebody else may be first: then there is a row, and it says the same or is refused.
  if ((await rows.get(MARK)) === undefined) await within.put(MARK, wanted, 0)
  const raw = await rows.get(MARK)
  const isOpen = raw !== undefined && raw.value.length === OPEN.length
  if (isOpen && secret !== undefined) throw bad('what services keep here is not sealed')
  if (!isOpen && secret === undefined) throw bad('what services keep here is sealed: the key is needed')
  await within.get(MARK).catch((error: unknown) => {
    if (!isHyphaeError(error, 'relay/data-corrupt')) throw error
    throw bad('what services keep here is sealed with another key')
  })
  return within
}
