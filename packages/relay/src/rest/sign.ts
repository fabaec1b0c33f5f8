/** The other side of authenticate.ts: what a client adds to a request to sign it. spec/relay-rest.md section 2. */
import type { Clock } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import type { InnerList } from 'structured-headers'
import { serializeInnerList } from 'structured-headers'
import { COVERED, SIGNATURE_TAG } from './authenticate.js'
import { toBase64url } from './base64url.js'
import { contentDigest } from './digest.js'
import { signatureBase } from './signature.js'

export interface RestRequest {
  /** Upper case. */
  readonly method: string
  /** With its query; the host is one of the relay's names. */
  readonly url: string
  readonly body?: string | Uint8Array
}

/** A box, log or writer key. */
export interface RestKey {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export interface SignOptions {
  readonly clock: Clock
  readonly crypto: Pick<CryptoProvider, 'randomBytes' | 'sha256'>
}

const NONCE_BYTES = 16

function plain(values: readonly string[]): InnerList[0] {
  return values.map((value) => [value, new Map()])
}

/** The headers of one signed request; each request needs its own. */
export function signRequest(
  request: RestRequest,
  key: RestKey,
  { clock, crypto }: SignOptions,
): Record<string, string> {
  const { host, pathname, search } = new URL(request.url)
  const body = typeof request.body === 'string' ? new TextEncoder().encode(request.body) : request.body
  const digest = body === undefined || body.length === 0 ? undefined : contentDigest(body, crypto)
  const components = digest === undefined ? COVERED : [...COVERED, 'content-digest']
  const input: InnerList = [
    plain(components),
    new Map<string, string | number>([
      ['created', Math.floor(clock.now() / 1000)],
      ['nonce', toBase64url(crypto.randomBytes(NONCE_BYTES))],
      ['keyid', toBase64url(key.publicKey)],
      ['alg', 'ed25519'],
      ['tag', SIGNATURE_TAG],
    ]),
  ]
  const base = signatureBase(input, {
    method: request.method,
    authority: host,
    path: pathname,
    query: search === '' ? '?' : search,
    field: (name) => (name === 'content-digest' && digest !== undefined ? [digest] : undefined),
  })
  const signature = key.sign(Buffer.from(base as string, 'latin1'))
  return {
    ...(digest !== undefined && { 'content-digest': digest }),
    'signature-input': `sig=${serializeInnerList(input)}`,
    signature: `sig=:${Buffer.from(signature).toString('base64')}:`,
  }
}
