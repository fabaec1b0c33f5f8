/**
 * HTTP message signatures, RFC 9421: the signature base of a request, and the two fields that carry a signature.
 *
 * Strict and small: plain component identifiers only, one signature a request. What a signature must cover and
 * who may sign is not known here.
 */
import { type InnerList, parseDictionary, serializeInnerList, serializeItem } from 'structured-headers'

export interface SignedMessage {
  readonly method: string
  /** Host, lower case, without the scheme's own port. */
  readonly authority: string
  /** As it was sent. */
  readonly path: string
  /** With its question mark; `?` alone when there is none. */
  readonly query: string
  /** Values of one field in the order they came; undefined when it is not there. Names are lower case. */
  field(name: string): readonly string[] | undefined
}

export interface MessageSignature {
  readonly components: readonly string[]
  readonly parameters: InnerList[1]
  readonly signature: Uint8Array
  /** What is signed besides. */
  readonly input: InnerList
}

/** The value of one component; undefined when the message has none. RFC 9421 section 2. */
function componentValue(name: string, message: SignedMessage): string | undefined {
  switch (name) {
    case '@method':
      return message.method
    case '@authority':
      return message.authority
    case '@path':
      return message.path
    case '@query':
      return message.query
    default:
      return name.startsWith('@')
        ? undefined
        : message
            .field(name)
            ?.map((value) => value.trim())
            .join(', ')
  }
}

/** RFC 9421 section 2.5. Undefined when a component is missing, unknown, doubled or not visible ASCII. */
export function signatureBase(input: InnerList, message: SignedMessage): string | undefined {
  const seen = new Set<string>()
  const lines: string[] = []
  for (const [name, parameters] of input[0]) {
    if (typeof name !== 'string' || parameters.size > 0 || seen.has(name)) return undefined
    seen.add(name)
    const value = componentValue(name, message)
    if (value === undefined || !/^[\x20-\x7e]*$/.test(value)) return undefined
    lines.push(`${serializeItem(name)}: ${value}`)
  }
  lines.push(`"@signature-params": ${serializeInnerList(input)}`)
  return lines.join('\n')
}

/** What `parse` gives, or undefined where it throws: the fields come from outside. */
function quietly<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

/**
 * The one signature of a message. `undefined`: it carries none. `null`: what it carries cannot be read, or is
 * more than one.
 */
export function readSignature({ field }: Pick<SignedMessage, 'field'>): MessageSignature | null | undefined {
  const [inputs, signatures] = [field('signature-input'), field('signature')]
  if (inputs === undefined && signatures === undefined) return undefined
  const input = quietly(() => [...parseDictionary((inputs ?? []).join(', '))])
  const signature = quietly(() => [...parseDictionary((signatures ?? []).join(', '))])
  if (input?.length !== 1 || signature?.length !== 1) return null
  const [[label, list] = [], [name, item] = []] = [input[0], signature[0]]
  if (label !== name || list === undefined || item === undefined || !Array.isArray(list[0])) return null
  const bytes = item[0]
  if (!(bytes instanceof ArrayBuffer) || item[1].size > 0) return null
  const components = list[0].map(([value]) => value)
  if (!components.every((value) => typeof value === 'string')) return null
  return {
    components: components as string[],
    parameters: list[1],
    signature: new Uint8Array(bytes),
    input: list as InnerList,
  }
}
