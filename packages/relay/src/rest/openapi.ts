/** The OpenAPI 3.1 document, made of the routes themselves. spec/relay-rest.md section 1. */
import { PROBLEM_CODES } from './problem.js'
import type { Description, Route } from './route.js'
import { ROUTES } from './routes.js'
import { jsonSchemaOf } from './schema.js'

type Json = Readonly<Record<string, unknown>>

/** What every request may be answered with. */
const ALWAYS = ['malformed', 'rate-limited', 'draining', 'internal']
const WITH_BODY = ['too-large', 'bad-media', 'bad-digest']
const WHEN_SIGNED = ['not-signed', 'bad-proof', 'expired', 'replayed', 'misdirected']

function content({ media = 'application/json', schema }: Description): Json {
  return schema === undefined ? {} : { content: { [media]: { schema } } }
}

function problems(route: Route): Json {
  const codes = [
    ...ALWAYS,
    ...(route.body === undefined && route.raw === undefined ? [] : WITH_BODY),
    ...(route.signedBy === undefined ? [] : WHEN_SIGNED),
    ...(route.path.includes('{') ? ['not-found'] : []),
    ...(route.problems ?? []),
  ]
  const byStatus = new Map<number, string[]>()
  for (const code of new Set(codes)) {
    const status = PROBLEM_CODES[code] ?? 400
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const described = [...byStatus].map(([status, names]) => [
    status,
    {
      description: names.join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ])
  return Object.fromEntries(described)
}

function answers({ answers: good }: Route): Json {
  return Object.fromEntries(
    Object.entries(good).map(([status, answer]) => [
      status,
      { description: answer.text, ...content(answer) },
    ]),
  )
}

function body(route: Route): Json {
  const media = route.raw === true ? 'application/octet-stream' : 'application/json'
  if (route.raw !== true && route.body === undefined) return {}
  const schema = route.body === undefined ? { type: 'string', format: 'binary' } : jsonSchemaOf(route.body)
  return { requestBody: { required: true, content: { [media]: { schema } } } }
}

function queryParameters(route: Route): Json[] {
  if (route.query === undefined) return []
  const { properties = {}, required = [] } = jsonSchemaOf(route.query) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }))
}

function pathParameters({ path }: Route): Json[] {
  const schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema }))
}

function operation(route: Route): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route)]
  return {
    operationId: route.name,
    tags: [route.path.split('/')[1]],
    summary: route.summary,
    description:
      [route.description, route.signedBy && `Signed by ${route.signedBy}.`].filter(Boolean).join(' ') ||
      route.summary,
    security: route.signedBy === undefined ? [] : [{ signature: [] }],
    ...(parameters.length > 0 && { parameters }),
    ...body(route),
    responses: { ...answers(route), ...problems(route) },
  }
}

const PROBLEM = {
  type: 'object',
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'stable: compare this' },
    field: { type: 'string' },
    detail: { type: 'string' },
    retryAfterMs: { type: 'integer' },
  },
  required: ['type', 'title', 'status', 'code'],
}

const TAGS = {
  keys: 'Records, prekey bundles and KeyPackages of a writer key',
  messages: 'Frames that wait for the holder of a box key',
  groups: 'Logs of commits that grow by compare-and-swap',
  presence: 'Sealed frames for those who listen now',
  typing: 'The same',
  calls: 'The same',
  blobs: 'Parts of files under their hash',
  info: 'What this relay offers',
}

function paths(): Json {
  const byPath: Record<string, Record<string, Json>> = {}
  for (const route of ROUTES) {
    byPath[route.path] ??= {}
    Object.assign(byPath[route.path] as Record<string, Json>, {
      [route.method.toLowerCase()]: operation(route),
    })
  }
  return byPath
}

export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hyphae relay',
      version: '1.0.0',
      description: 'Mailboxes, keys and blobs by HTTP, beside the WebSocket protocol. No account, no sender.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: paths(),
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Signature',
          description:
            'HTTP message signature (RFC 9421) with Ed25519 over @method, @authority, @path, @query and, with a body, content-digest; parameters created, nonce, keyid (base64url of the public key) and tag="hyphae-relay".',
        },
      },
    },
  }
}
