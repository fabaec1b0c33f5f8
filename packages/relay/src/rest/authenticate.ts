/** Who signed a request: RFC 9421 with Ed25519, RFC 9530 for the body, a window and a nonce. spec/relay-rest.md section 2. */
import type { CryptoProvider } from '@hyphae/crypto'
import { SIGNATURE_SKEW_MS, SIGNATURE_WINDOW_MS } from '../limits.js'
import { fromBase64url } from './base64url.js'
import { digestMatches } from './digest.js'
import type { Nonces } from './nonces.js'
import { type Problem, problem } from './problem.js'
import { type MessageSignature, readSignature, type SignedMessage, signatureBase } from './signature.js'

export const SIGNATURE_TAG = 'hyphae-relay'
export const COVERED: readonly string[] = ['@method', '@authority', '@path', '@query']

const KEY_BYTES = 32
/** 64 bits of chance at least, and short enough to remember. */
const NONCE = /^[\x21-\x7e]{11,64}$/
const PARAMETERS: ReadonlySet<string> = new Set(['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'])

export interface Authenticated {
  readonly key: Uint8Array
  /** Key id and nonce. */
  readonly use: string
}

export interface AuthenticateContext {
  /** At whose expense the nonce is remembered. */
  readonly client: string
  readonly crypto: CryptoProvider
  readonly nonces: Nonces
}

interface Claims {
  readonly key: Uint8Array
  readonly keyid: string
  readonly nonce: string
  /** Milliseconds since 1970. */
  readonly created: number
  readonly expires: number | undefined
}

/** The digest has to be right wherever it stands, also where nothing is signed. */
export function digestProblem(
  message: SignedMessage,
  body: Uint8Array,
  crypto: CryptoProvider,
): Problem | undefined {
  const digest = message.field('content-digest')
  if (digest === undefined || digestMatches(digest.join(', '), body, crypto)) return undefined
  return problem('bad-digest')
}

function readClaims({ parameters }: MessageSignature): Claims | undefined {
  for (const name of parameters.keys()) if (!PARAMETERS.has(name)) return undefined
  const [created, expires] = [parameters.get('created'), parameters.get('expires')]
  const [nonce, keyid, alg] = [parameters.get('nonce'), parameters.get('keyid'), parameters.get('alg')]
  if (typeof created !== 'number' || !Number.isInteger(created)) return undefined
  if (expires !== undefined && (typeof expires !== 'number' || !Number.isInteger(expires))) return undefined
  if (typeof nonce !== 'string' || !NONCE.test(nonce) || typeof keyid !== 'string') return undefined
  if ((alg !== undefined && alg !== 'ed25519') || parameters.get('tag') !== SIGNATURE_TAG) return undefined
  const key = fromBase64url(keyid)
  if (key?.length !== KEY_BYTES) return undefined
  return {
    key,
    keyid,
    nonce,
    created: created * 1000,
    expires: expires === undefined ? undefined : expires * 1000,
  }
}

function isCurrent({ created, expires }: Claims, now: number): boolean {
  // Over at the very moment at which its nonce may be forgotten, never a moment later.
  if (created > now + SIGNATURE_SKEW_MS || created <= now - SIGNATURE_WINDOW_MS) return false
  return expires === undefined || (expires > now && expires >= created)
}

/** The key that signed, or why it is not believed. A nonce is used up by a good signature only. */
export function authenticate(
  message: SignedMessage,
  body: Uint8Array,
  now: number,
  { client, crypto, nonces }: AuthenticateContext,
): Authenticated | Problem {
  const signed = readSignature(message)
  if (signed === undefined) return problem('not-signed')
  const claims = signed === null ? undefined : readClaims(signed)
  if (signed === null || claims === undefined) return problem('bad-proof', { detail: 'not as described' })
  const covered = new Set(signed.components)
  const wanted = body.length > 0 ? [...COVERED, 'content-digest'] : COVERED
  const missing = wanted.find((name) => !covered.has(name))
  if (missing !== undefined) return problem('bad-proof', { detail: `does not cover ${missing}` })
  if (!isCurrent(claims, now)) return problem('expired')
  const base = signatureBase(signed.input, message)
  if (base === undefined || !crypto.ed25519.verify(claims.key, Buffer.from(base, 'latin1'), signed.signature))
    return problem('bad-proof')
  const use = `${claims.keyid}${claims.nonce}`
  const verdict = nonces.use(client, use, now)
  if (verdict === 'used') return problem('replayed')
  if (verdict === 'full') return problem('rate-limited', { retryAfterMs: nonces.roomIn(client, now) })
  return { key: claims.key, use }
}
