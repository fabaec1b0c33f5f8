/**
 * Handles and handle ids. spec/identity.md section 7.
 *
 *   handle id = length 1..31 ‖ handle ‖ zeros          (up to 31 UTF-8 bytes: reversible)
 *             = ff ‖ SHA-256(label ‖ handle)[0..31]     (longer)
 *
 * A handle is a key to look up by, never proof: the account key is the identity. Knows no resolver.
 */
import { concatBytes, fromUtf8, isHyphaeError, utf8 } from '@hyphae/core'
import { type CryptoProvider, defaultCrypto } from '@hyphae/crypto'
import { IdentityError } from './errors.js'
import { LABELS } from './labels.js'
import { MAX_EMBEDDED_HANDLE_BYTES, MAX_HANDLE_BYTES } from './limits.js'
import { isOneScript } from './script.js'

const HANDLE_ID_BYTES = 32
const HASHED = 0xff
/** RFC 5321 section 4.5.3.1.1 and RFC 1035 section 2.3.4. */
const MAX_LOCAL_BYTES = 64
const MAX_LABEL_BYTES = 63

/** Parts of a label between single hyphens or, before the @, underscores. */
const LOCAL_LABEL = /^[^-_]+(?:[-_][^-_]+)*$/u
/** No `??--` prefix: `xn--` would be a second spelling of a name in another script. */
const DOMAIN_LABEL = /^(?!..--)[^-_]+(?:-+[^-_]+)*$/u
const NOT_LETTERS = /[0-9_-]/g

/**
 * The one spelling of a handle: NFKC, lower case, final sigma as sigma. Each label between dots is in one
 * script, and invisible, bidirectional, combining and other characters are refused, not removed.
 * @throws IdentityError `identity/bad-handle`
 */
export function normalizeHandle(text: string): string {
  // Before normalizing, which can make a text eighteen times longer; none shrinks to less than half a byte a unit.
  if (text.length > 2 * MAX_HANDLE_BYTES) refuse('length')
  const handle = text.normalize('NFKC').toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')
  if (utf8(handle).length > MAX_HANDLE_BYTES) refuse('length')
  const [local, domain, ...rest] = handle.split('@')
  if (local === undefined || domain === undefined || rest.length > 0) refuse('user@domain')
  if (utf8(local).length > MAX_LOCAL_BYTES) refuse('length')
  checkLabels(local.split('.'), LOCAL_LABEL)
  checkLabels(domain.split('.'), DOMAIN_LABEL)
  return handle
}

function checkLabels(labels: readonly string[], shape: RegExp): void {
  for (const label of labels) {
    if (!shape.test(label)) refuse('shape')
    if (utf8(label).length > MAX_LABEL_BYTES) refuse('length')
    if (!isOneScript(label.replace(NOT_LETTERS, ''))) refuse('characters')
  }
}

/** Tells which rule, not which text: a handle is personal. */
function refuse(rule: string): never {
  throw new IdentityError('identity/bad-handle', { details: { rule } })
}

/** 32 bytes for a handle in any spelling. @throws IdentityError `identity/bad-handle` */
export function handleId(handle: string, crypto: CryptoProvider = defaultCrypto): Uint8Array {
  const bytes = utf8(normalizeHandle(handle))
  const id = new Uint8Array(HANDLE_ID_BYTES)
  if (bytes.length <= MAX_EMBEDDED_HANDLE_BYTES) {
    id[0] = bytes.length
    id.set(bytes, 1)
  } else {
    id[0] = HASHED
    id.set(crypto.sha256(concatBytes(LABELS.handle, bytes)).subarray(0, MAX_EMBEDDED_HANDLE_BYTES), 1)
  }
  return id
}

/** The handle in an id; null for a long handle, of which only the hash is there. @throws IdentityError `identity/bad-handle-id` */
export function handleFromId(id: Uint8Array): string | null {
  if (id.length !== HANDLE_ID_BYTES) throw new IdentityError('identity/bad-handle-id')
  const length = id[0] as number
  if (length === HASHED) return null
  if (length > MAX_EMBEDDED_HANDLE_BYTES || id.subarray(1 + length).some((byte) => byte !== 0))
    throw new IdentityError('identity/bad-handle-id')
  return canonicalHandle(id.subarray(1, 1 + length))
}

function canonicalHandle(bytes: Uint8Array): string {
  try {
    const handle = fromUtf8(bytes)
    if (normalizeHandle(handle) === handle) return handle
  } catch (error) {
    if (!isHyphaeError(error)) throw error
  }
  throw new IdentityError('identity/bad-handle-id')
}
