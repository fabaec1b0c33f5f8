import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openApiDocument } from '../../src/rest/openapi.js'
import { ROUTES } from '../../src/rest/routes.js'
import { type RestFixture, startRest } from '../support/rest.js'

const FILE = fileURLToPath(new URL('../../openapi.json', import.meta.url))

/** `HYPHAE_WRITE_OPENAPI=1` writes the document first; Biome formats it. */
const WRITE = process.env.HYPHAE_WRITE_OPENAPI === '1'

interface Operation {
  readonly operationId: string
  readonly responses: Readonly<Record<string, unknown>>
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Record<string, unknown> }>>
  }
}

const document = openApiDocument() as {
  paths: Record<string, Record<string, Operation>>
}
const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))

describe('the OpenAPI document', () => {
  let rest: RestFixture
  beforeAll(async () => {
    rest = await startRest()
  })
  afterAll(() => rest.dispose())

  it('is what the file holds and the relay serves', async () => {
    if (WRITE) await writeFile(FILE, JSON.stringify(document, null, 2))
    expect(JSON.parse(await readFile(FILE, 'utf8'))).toEqual(document)
    expect((await rest.ask('GET', '/openapi.json')).json).toEqual(document)
  })

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator()
    const result = await validator.validate(structuredClone(document) as Record<string, unknown>)
    expect(result.errors).toBeUndefined()
    expect([result.valid, validator.version]).toEqual([true, '3.1'])
  })

  it('is refused by the same validator when it is not', async () => {
    const broken = structuredClone(document) as { paths: Record<string, unknown> }
    broken.paths = { '/x': { get: { responses: 5 } } }
    expect((await new Validator().validate(broken as unknown as Record<string, unknown>)).valid).toBe(false)
  })

  it('has every route once, each with a name of its own and its fields', () => {
    expect(operations).toHaveLength(ROUTES.length)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(ROUTES.length)
    for (const { operationId, responses, requestBody } of operations) {
      expect(Object.keys(responses), operationId).toEqual(
        expect.arrayContaining(['400', '429', '500', '503']),
      )
      const schema = requestBody?.content['application/json']?.schema
      if (schema !== undefined)
        expect(schema, operationId).toMatchObject({ type: 'object', additionalProperties: false })
    }
  })

  it('says how long bytes are', () => {
    const send = document.paths['/messages/send']?.post?.requestBody?.content['application/json']?.schema
    expect(send).toMatchObject({
      properties: {
        box: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$', maxLength: 43 },
        frame: { maxLength: 5462 },
        ttl: { enum: [1, 7, 14, 30] },
      },
      required: ['box', 'id', 'frame'],
    })
    const parameters = document.paths['/messages/queue']?.get?.parameters
    expect(parameters?.map(({ name }) => name)).toEqual(['after', 'limit', 'wait'])
  })
})
