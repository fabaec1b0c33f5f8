/** Content-Digest, RFC 9530: sha-256 and sha-512 of a body. */
import type { CryptoProvider } from '@hyphae/crypto'
import { parseDictionary } from 'structured-headers'

type Hashes = Pick<CryptoProvider, 'sha256' | 'sha512'>

const ALGORITHMS: Readonly<Record<string, keyof Hashes>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }

/** True when every digest that can be checked is the body's, and at least one could be. */
export function digestMatches(field: string, body: Uint8Array, crypto: Hashes): boolean {
  let checked = 0
  try {
    for (const [name, [value, parameters]] of parseDictionary(field)) {
      const algorithm = ALGORITHMS[name]
      if (algorithm === undefined) continue
      if (!(value instanceof ArrayBuffer) || parameters.size > 0) return false
      if (Buffer.compare(new Uint8Array(value), crypto[algorithm](body)) !== 0) return false
      checked += 1
    }
  } catch {
    return false
  }
  return checked > 0
}

export function contentDigest(body: Uint8Array, crypto: Pick<Hashes, 'sha256'>): string {
  return `sha-256=:${Buffer.from(crypto.sha256(body)).toString('base64')}:`
}
