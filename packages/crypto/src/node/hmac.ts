/** HMACs over node:crypto, and HMAC-SHA256 of short inputs in libsodium's WebAssembly once that has loaded. */
import { createHmac } from 'node:crypto'
import { plainBytes } from './bytes.js'
import { type Hmac, replaceableHmac } from './replaceable-hmac.js'
import { loadSodiumHmac } from './sodium-hmac.js'

function native(algorithm: 'sha256' | 'sha512'): Hmac {
  return (key, data) => plainBytes(createHmac(algorithm, key).update(data).digest())
}

/** OpenSSL's, for keys and data of any length. */
export const nativeHmacSha256: Hmac = native('sha256')
export const nodeHmacSha512: Hmac = native('sha512')

const replacing = /* @__PURE__ */ replaceableHmac(nativeHmacSha256, () => loadSodiumHmac(nativeHmacSha256))

export const nodeHmacSha256: Hmac = replacing.hmac
/** Loads libsodium's now. True when it serves from here on. */
export const prepareHmac = (): Promise<boolean> => replacing.prepare()
