/**
 * What people say to each other in private messages (NIP-17): a text (kind 14) or a file (kind 15) that lies encrypted
 * somewhere. Builds and reads the rumor; wrapping is gift-wrap.ts's.
 */
import { fromHex, toHex } from '@hyphae/core'
import type { CryptoProvider } from '@hyphae/crypto'
import { NostrError } from './errors.js'
import { type EventTemplate, type Rumor, type Tag, tagValue } from './event.js'
import type { PublicKeyHex } from './key.js'
import { KIND_CHAT, KIND_FILE } from './kinds.js'

interface Addressed {
  /** Everybody but the author. */
  readonly recipients: readonly PublicKeyHex[]
  /** Seconds since 1970. */
  readonly now: number
  /** Name of the conversation. */
  readonly subject?: string
  /** Id of the rumor that is answered. */
  readonly replyTo?: string
}

/** A file as it is described: encrypted with AES-256-GCM and stored under a URL. */
export interface NostrFile {
  readonly url: string
  readonly mediaType: string
  /** 32 bytes. */
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** SHA-256 of the encrypted bytes, 32 bytes. */
  readonly hash: Uint8Array
}

export type PrivateMessage = (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly file: NostrFile }
) &
  Omit<Addressed, 'now'> & { readonly author: PublicKeyHex; readonly sentAt: number; readonly id: string }

const ALGORITHM = 'aes-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const HASH_BYTES = 32

function commonTags({ recipients, subject, replyTo }: Addressed): Tag[] {
  return [
    ...recipients.map((recipient) => ['p', recipient]),
    ...(replyTo === undefined ? [] : [['e', replyTo]]),
    ...(subject === undefined ? [] : [['subject', subject]]),
  ]
}

export function textTemplate(text: string, to: Addressed): EventTemplate {
  return { kind: KIND_CHAT, created_at: to.now, tags: commonTags(to), content: text }
}

export function fileTemplate(file: NostrFile, to: Addressed): EventTemplate {
  const tags: Tag[] = [
    ...commonTags(to),
    ['file-type', file.mediaType],
    ['encryption-algorithm', ALGORITHM],
    ['decryption-key', toHex(file.key)],
    ['decryption-nonce', toHex(file.nonce)],
    ['x', toHex(file.hash)],
  ]
  return { kind: KIND_FILE, created_at: to.now, tags, content: file.url }
}

/** Null for a rumor that is neither text nor file. @throws NostrError `nostr/bad-event` for a file that is not described whole */
export function readPrivateMessage(rumor: Rumor): PrivateMessage | null {
  const subject = tagValue(rumor, 'subject')
  const replyTo = tagValue(rumor, 'e')
  const common = {
    author: rumor.pubkey,
    sentAt: rumor.created_at,
    id: rumor.id,
    recipients: rumor.tags.flatMap((tag) => (tag[0] === 'p' && tag[1] !== undefined ? [tag[1]] : [])),
    ...(subject !== undefined && { subject }),
    ...(replyTo !== undefined && { replyTo }),
  }
  if (rumor.kind === KIND_CHAT) return { kind: 'text', text: rumor.content, ...common }
  if (rumor.kind === KIND_FILE) return { kind: 'file', file: readFile(rumor), ...common }
  return null
}

function readFile(rumor: Rumor): NostrFile {
  if (tagValue(rumor, 'encryption-algorithm') !== ALGORITHM) throw new NostrError('nostr/bad-event')
  return {
    url: rumor.content,
    mediaType: tagValue(rumor, 'file-type') ?? 'application/octet-stream',
    key: bytesTag(rumor, 'decryption-key', KEY_BYTES),
    nonce: bytesTag(rumor, 'decryption-nonce', NONCE_BYTES),
    hash: bytesTag(rumor, 'x', HASH_BYTES),
  }
}

function bytesTag(rumor: Rumor, name: string, length: number): Uint8Array {
  const text = tagValue(rumor, name) ?? ''
  if (text.length !== 2 * length || !/^[0-9a-f]*$/i.test(text)) throw new NostrError('nostr/bad-event')
  return fromHex(text)
}

type FileCrypto = Pick<CryptoProvider, 'aes256Gcm' | 'randomBytes' | 'sha256'>

const NOTHING = new Uint8Array()

/** Encrypts a file under a fresh key; store `sealed` and describe it with the rest and its URL. */
export function sealFile(
  crypto: FileCrypto,
  bytes: Uint8Array,
): { readonly sealed: Uint8Array } & Pick<NostrFile, 'key' | 'nonce' | 'hash'> {
  const key = crypto.randomBytes(KEY_BYTES)
  const nonce = crypto.randomBytes(NONCE_BYTES)
  const sealed = crypto.aes256Gcm.seal(key, nonce, bytes, NOTHING)
  return { sealed, key, nonce, hash: crypto.sha256(sealed) }
}

/** @throws NostrError `nostr/bad-payload` when the bytes are not those that were described */
export function openFile(crypto: FileCrypto, file: NostrFile, sealed: Uint8Array): Uint8Array {
  const same = toHex(crypto.sha256(sealed)) === toHex(file.hash)
  const bytes = same ? crypto.aes256Gcm.open(file.key, file.nonce, sealed, NOTHING) : null
  if (bytes === null) throw new NostrError('nostr/bad-payload')
  return bytes
}
