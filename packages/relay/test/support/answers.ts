/** Holds what the relay answers against what its OpenAPI document says of it: the part of JSON Schema that is used there. */
import { openApiDocument } from '../../src/rest/openapi.js'

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
}

interface Described {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>
}

const document = openApiDocument() as {
  readonly paths: Readonly<
    Record<string, Record<string, { readonly responses: Readonly<Record<string, Described>> }>>
  >
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/** Problems of RFC 9457 may say more than is described; other answers may not. */
function compare(value: unknown, schema: Schema, at: string, open: boolean): void {
  const { $ref, type, enum: choices, items, properties, required = [], minimum } = schema
  const wrong = (what: string): Error => new Error(`${at}: ${what}, which is not what the document says`)
  if ($ref !== undefined) {
    const named = document.components.schemas[$ref.split('/').at(-1) ?? '']
    if (named === undefined) throw wrong(`${$ref} is nowhere`)
    compare(value, named, at, open)
    return
  }
  if (choices !== undefined && !choices.includes(value)) throw wrong(String(value))
  if (type !== undefined && TYPES[type]?.(value) !== true) throw wrong(typeof value)
  if (minimum !== undefined && (value as number) < minimum) throw wrong(String(value))
  if (items !== undefined) for (const one of value as unknown[]) compare(one, items, `${at}[]`, open)
  if (type !== 'object') return
  if (properties === undefined) throw wrong('an object of any shape')
  for (const name of required) if (!(name in (value as object))) throw wrong(`no ${name}`)
  for (const [name, member] of Object.entries(value as object)) {
    const described = properties[name]
    if (described !== undefined) compare(member, described, `${at}.${name}`, open)
    else if (!open) throw wrong(`a member ${name}`)
  }
}

/** `path` below /api/v1 with its query. Where nothing of the interface was asked there is nothing to compare. */
export function checkAnswer(method: string, path: string, status: number, type: string, body: unknown): void {
  const asked = (path.split('?')[0] as string).replace(/^\/blobs\/.*/, '/blobs/{hash}')
  const operation = document.paths[asked]?.[method.toLowerCase()]
  if (operation === undefined) return
  const described = operation.responses[status]
  const at = `${method} ${asked} ${status}`
  if (described === undefined) throw new Error(`${at}: a status that the document does not name`)
  const [media = ''] = type.split(';')
  const schema = described.content?.[media]?.schema
  if (body !== undefined && schema === undefined) throw new Error(`${at}: ${media} is not described`)
  if (body !== undefined && schema !== undefined) compare(body, schema, at, media.includes('problem'))
}
