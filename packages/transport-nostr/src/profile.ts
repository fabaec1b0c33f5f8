/**
 * What people say of themselves (kind 0, NIP-05 names): shown beside a key, and never instead of it. Names that could pass
 * for another's by tricks of Unicode are no names here; the key is the identity.
 */
import * as v from 'valibot'
import { type NostrEvent, parseJson } from './event.js'
import { KIND_PROFILE } from './kinds.js'
import { MAX_DISPLAY_NAME_CHARACTERS, MAX_DOMAIN_CHARACTERS } from './limits.js'

/** As its author says; each part undefined when it is missing or could mislead. */
export interface NostrProfile {
  readonly name: string | undefined
  /** `name@domain`, unverified. */
  readonly nip05: string | undefined
}

const schema = v.object({
  name: v.optional(v.unknown()),
  display_name: v.optional(v.unknown()),
  nip05: v.optional(v.unknown()),
})

/** Null for an event of another kind, or whose content is no JSON object. */
export function readProfile(event: NostrEvent): NostrProfile | null {
  if (event.kind !== KIND_PROFILE) return null
  try {
    const { name, display_name, nip05 } = v.parse(schema, parseJson(event.content))
    const shown = [display_name, name].map(displayName).find((text) => text !== null)
    return { name: shown ?? undefined, nip05: nip05Name(nip05) ?? undefined }
  } catch {
    return null
  }
}

/** Controls, formats (bidi, zero-width), private use, unassigned, line separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|\u034f/u
/** Joins the parts of one emoji, and there alone is no trick. */
const EMOJI_JOINER =
  /(?<=\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d(?=\p{Extended_Pictographic})/gu
/** Scripts whose letters pass for each other's: a name has letters of one of them at most. */
const LOOKALIKES = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
]

/** In its composed form (NFC) and trimmed; null when it is empty, too long, or has what cannot be seen or told apart. */
export function displayName(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 4 * MAX_DISPLAY_NAME_CHARACTERS) return null
  const name = value.normalize('NFC').trim().replace(/ +/g, ' ')
  const letters = name.normalize('NFKC').replace(EMOJI_JOINER, '')
  if (name === '' || [...name].length > MAX_DISPLAY_NAME_CHARACTERS || INVISIBLE.test(letters)) return null
  return LOOKALIKES.filter((script) => script.test(letters)).length > 1 ? null : name
}

const LOCAL_PART = /^[a-z0-9._-]+$/
const DOMAIN = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/

/** Lower case and ASCII, as NIP-05 has it (other domains in their `xn--` form); null for anything else. */
export function nip05Name(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > MAX_DOMAIN_CHARACTERS + MAX_DISPLAY_NAME_CHARACTERS + 1)
    return null
  const [local = '', domain = '', ...more] = value.split('@')
  return more.length === 0 && LOCAL_PART.test(local) && DOMAIN.test(domain) ? value : null
}
