/** Blobs: parts of files under their hash. spec/relay-rest.md section 3. */
import { MAX_BLOB_BYTES } from '@hyphae/transport-relay/wire'
import { fromBase64url } from '../base64url.js'
import { type Problem, problem } from '../problem.js'
import { type Answer, type Outcome, on, type Route, route } from '../route.js'

const HASH_BYTES = 32
const MEDIA = 'application/octet-stream'

function hashOf(parameter: string): Uint8Array | undefined {
  const hash = fromBase64url(parameter)
  return hash?.length === HASH_BYTES ? hash : undefined
}

const UNKNOWN: { readonly problem: Problem } = { problem: problem('not-found') }

interface Part {
  /** First and last byte. */
  readonly first: number
  readonly last: number
}

/**
 * One range of bytes, RFC 9110 section 14. `undefined`: the whole, also for what this relay does not understand.
 * `null`: there is no such part.
 */
export function partOf(range: string | undefined, length: number): Part | null | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '')
  if (found === null) return undefined
  const [, from = '', to = ''] = found
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, length - Number(to)) : Number(from)
  const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  return first > last ? null : { first, last }
}

function answerBlob(data: Uint8Array, etag: string, header: (name: string) => string | undefined): Outcome {
  const headers = { etag, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=86400, immutable' }
  if (
    header('if-none-match')
      ?.split(/\s*,\s*/)
      .includes(etag)
  )
    return { status: 304, headers }
  // A range of another version would be of another blob.
  const unchanged = [undefined, etag].includes(header('if-range'))
  const part = unchanged ? partOf(header('range'), data.length) : undefined
  if (part === null) return { problem: problem('bad-range', { more: { length: data.length } }) }
  const type = { 'content-type': MEDIA }
  if (part === undefined) return { status: 200, bytes: data, headers: { ...headers, ...type } }
  const { first, last } = part
  return {
    status: 206,
    bytes: data.subarray(first, last + 1),
    headers: { ...headers, ...type, 'content-range': `bytes ${first}-${last}/${data.length}` },
  }
}

const put = route<Uint8Array>({
  name: 'putBlob',
  method: 'PUT',
  path: '/blobs/{hash}',
  summary: 'Store a blob under its SHA-256',
  description: 'At most 4,096 bytes, sealed by whoever stores it. Storing it again renews it.',
  raw: true,
  maxBody: MAX_BLOB_BYTES,
  answers: { 204: { text: 'Durable.' } },
  problems: ['bad-hash', 'storage-failed'],
  handle: async ({ ask, parameter, body }) => {
    const hash = hashOf(parameter)
    if (hash === undefined) return UNKNOWN
    return on(await ask({ kind: 'blob-put', hash, data: body }), 'ok', (): Answer => ({ status: 204 }))
  },
})

const get = route({
  name: 'getBlob',
  method: 'GET',
  path: '/blobs/{hash}',
  summary: 'A blob or one range of it; HEAD says its length',
  answers: {
    200: { text: 'The blob.', media: MEDIA, schema: { type: 'string' } },
    206: { text: 'The part that was asked for.', media: MEDIA, schema: { type: 'string' } },
    304: { text: 'The client has it.' },
  },
  problems: ['bad-range'],
  handle: async ({ ask, parameter, header }) => {
    const hash = hashOf(parameter)
    if (hash === undefined) return UNKNOWN
    const reply = await ask({ kind: 'blob-get', hash })
    if (reply.kind === 'blob') return reply.found ? answerBlob(reply.data, `"${parameter}"`, header) : UNKNOWN
    return on(reply, 'blob', () => ({ status: 200 }))
  },
})

export const BLOB_ROUTES: readonly Route[] = [put, get]
