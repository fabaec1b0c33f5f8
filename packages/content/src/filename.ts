/**
 * Names of attachments, made safe to show and to save. spec/content.md section 6.
 *
 * The character lists are written out, not taken from Unicode property tables, so that every runtime and
 * every year gives the same verdict. Knows nothing of the file system a name will meet.
 */
import { utf8 } from '@hyphae/core'
import { MAX_FILE_NAME_BYTES, MAX_MEDIA_TYPE_CHARACTERS } from './limits.js'

const ranges = (...pairs: readonly (readonly [number, number])[]): RegExp => {
  const written = pairs.map(([from, to]) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`)
  return new RegExp(`[${written.join('')}]`, 'gu')
}

/** Control characters, line separators, direction marks and overrides, invisible fillers, lone surrogates. */
const HIDDEN = ranges(
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x180e, 0x180e],
  [0x200b, 0x200b],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
)

/** Path separators of any system, and what Windows refuses in a name or reads as a stream, a wildcard or a pipe. */
const SEPARATORS = /[/\\:*?"<>|]/g

/** Names that Windows takes for devices, whatever follows the first dot. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i

/** Shown when nothing is left of a name. */
const NAMELESS = 'file'

export const OPAQUE_MEDIA_TYPE = 'application/octet-stream'

const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/

/**
 * A name without path, hidden characters, leading dots, or trailing dots and spaces, NFC, at most 255 bytes
 * with its extension kept. Cleaning twice changes nothing: a received name is refused unless it is clean.
 */
export function cleanFileName(name: string): string {
  // Length first, so that nothing after it looks at megabytes; the end is kept, for the extension.
  const bounded = name.slice(-4 * MAX_FILE_NAME_BYTES)
  // NFC last: taking a character out can bring a letter and its accent together.
  const visible = bounded.replace(HIDDEN, '').replace(SEPARATORS, '_').normalize('NFC')
  const trimmed = trimEdges(visible)
  // Twice: shortening may bring a device name to light.
  return markDevice(shorten(markDevice(trimmed === '' ? NAMELESS : trimmed)))
}

/** `type/subtype` in lower case; anything else becomes `application/octet-stream`. */
export function cleanMediaType(mediaType: string): string {
  if (mediaType.length > 4 * MAX_MEDIA_TYPE_CHARACTERS) return OPAQUE_MEDIA_TYPE
  const bare = (mediaType.split(';')[0] ?? '').trim().toLowerCase()
  return bare.length <= MAX_MEDIA_TYPE_CHARACTERS && MEDIA_TYPE.test(bare) ? bare : OPAQUE_MEDIA_TYPE
}

function markDevice(name: string): string {
  return DEVICE.test(name) ? `_${name}` : name
}

function trimEdges(name: string): string {
  return name.replace(/^[.\s]+/, '').replace(/[.\s]+$/, '')
}

function shorten(name: string): string {
  if (utf8(name).length <= MAX_FILE_NAME_BYTES) return name
  const extension = /\.[a-zA-Z0-9]{1,16}$/.exec(name)?.[0] ?? ''
  const characters = Array.from(name.slice(0, name.length - extension.length))
  let bytes = extension.length
  let kept = 0
  for (const character of characters) {
    bytes += utf8(character).length
    if (bytes > MAX_FILE_NAME_BYTES) break
    kept++
  }
  return trimEdges(characters.slice(0, kept).join('')) + extension
}
