/** Keys: records, prekey bundles and KeyPackages of a writer key. spec/relay-rest.md section 3. */
import { type DirectoryRecord, equalBytes, type StockUpload } from '@hyphae/core'
import { encodeDirectoryRecord } from '@hyphae/tlv'
import { toBase64url } from '../base64url.js'
import { problem } from '../problem.js'
import { type Call, DONE, json, type Outcome, on, type Route, route } from '../route.js'
import { choice, fields, key, listOf, optional, record, type Schema, upload } from '../schema.js'

/** One of each kind. */
const MAX_UPLOADS = 2
/** Two of the largest uploads and a record in base64. */
const MAX_UPLOADS_BODY: number = 6 * 1024 * 1024
const WRITER = 'the writer key of the record'

const KINDS = { 'prekey-bundle': 1, 'key-package': 2 } as const
type KindName = keyof typeof KINDS
const kind: Schema<KindName> = choice(Object.keys(KINDS) as KindName[], 'which stock')

const TEXT = { type: 'string' }
const COUNT = { type: 'integer', minimum: 0 }

type Part = { readonly record: DirectoryRecord } | { readonly upload: StockUpload }

/** Publishes and stocks one after another, as far as nothing is refused. */
async function bring({ key: signer, ask }: Call<unknown, unknown>, parts: readonly Part[]): Promise<Outcome> {
  for (const part of parts) {
    const { writer } = 'record' in part ? part.record : part.upload
    if (!equalBytes(writer, signer))
      return { problem: problem('not-open', { detail: 'signed by another key' }) }
  }
  for (const part of parts) {
    const reply = await ask('record' in part ? { kind: 'publish', ...part } : { kind: 'stock', ...part })
    if (reply.kind !== 'ok') return on(reply, 'ok', () => DONE)
  }
  return DONE
}

function partsOf({
  record,
  uploads,
}: {
  record?: DirectoryRecord | undefined
  uploads?: StockUpload[] | undefined
}): Part[] {
  return [...(record === undefined ? [] : [{ record }]), ...(uploads ?? []).map((one) => ({ upload: one }))]
}

const REFUSED = ['stale', 'address-full', 'stock-full', 'bad-signature', 'not-open', 'storage-failed']

const register = route({
  name: 'registerKeys',
  method: 'POST',
  path: '/keys/register',
  summary: 'Publish a signed directory record, and with it one-time items',
  signedBy: WRITER,
  body: fields({ record, uploads: optional(listOf(upload, 1, MAX_UPLOADS)) }),
  maxBody: MAX_UPLOADS_BODY,
  answers: { 204: { text: 'Durable; also when it was published before.' } },
  problems: REFUSED,
  handle: (call) => bring(call, partsOf(call.body)),
})

const rotate = route({
  name: 'rotateKeys',
  method: 'POST',
  path: '/keys/rotate',
  summary: 'Replace one-time items, and the record when the key in it changed',
  description: 'Every upload has to drop the items of earlier ones: they were signed by the key that goes.',
  signedBy: WRITER,
  body: fields({ record: optional(record), uploads: listOf(upload, 1, MAX_UPLOADS) }),
  maxBody: MAX_UPLOADS_BODY,
  answers: { 204: { text: 'Durable.' } },
  problems: REFUSED,
  handle: async (call) => {
    if (!call.body.uploads.every(({ replace }) => replace))
      return { problem: problem('malformed', { field: 'uploads', detail: 'does not replace' }) }
    return bring(call, partsOf(call.body))
  },
})

const prekeys = route({
  name: 'addPrekeys',
  method: 'POST',
  path: '/keys/prekeys',
  summary: 'Add one-time items to a stock',
  signedBy: WRITER,
  body: fields({ upload }),
  maxBody: MAX_UPLOADS_BODY / 2,
  answers: { 204: { text: 'Durable; also when it was uploaded before.' } },
  problems: REFUSED,
  handle: (call) => bring(call, partsOf({ uploads: [call.body.upload] })),
})

const deactivate = route({
  name: 'deactivateKeys',
  method: 'POST',
  path: '/keys/deactivate',
  summary: 'Publish an empty record and drop all one-time items',
  description:
    'A record is never forgotten, so that no older one can come back; an empty one says that its writer is gone.',
  signedBy: WRITER,
  body: fields({ record, uploads: optional(listOf(upload, 1, MAX_UPLOADS)) }),
  maxBody: MAX_UPLOADS_BODY,
  answers: { 204: { text: 'Durable.' } },
  problems: REFUSED,
  handle: async (call) => {
    const { record: last, uploads = [] } = call.body
    const emptied = uploads.every(({ replace, items }) => replace && items.length === 0)
    if (last.body.length > 0 || !emptied)
      return { problem: problem('malformed', { detail: 'a body or an item is left' }) }
    return bring(call, partsOf(call.body))
  },
})

const bundle = route({
  name: 'takeBundle',
  method: 'POST',
  path: '/keys/bundle',
  summary: 'Take one prekey bundle or KeyPackage of a writer',
  description:
    'Each one-time item is handed out once, to whoever asks first. Do not repeat a request that was cut.',
  costly: true,
  body: fields({ writer: key, kind }),
  answers: {
    200: {
      text: 'An item, or the last resort, or none.',
      schema: {
        type: 'object',
        properties: { found: { enum: ['one-time', 'last-resort', 'none'] }, item: TEXT },
        required: ['found', 'item'],
      },
    },
  },
  problems: ['storage-failed'],
  handle: async ({ ask, body }) =>
    on(await ask({ kind: 'take', writer: body.writer, stock: KINDS[body.kind] }), 'item', ({ found, item }) =>
      json(200, { found, item: toBase64url(item) }),
    ),
})

const devices = route({
  name: 'lookUpDevices',
  method: 'POST',
  path: '/keys/devices',
  summary: 'The records at an address: who says which devices and boxes lie behind it',
  description: 'The relay has checked signatures, not claims: whoever reads decides whom to believe.',
  costly: true,
  body: fields({ address: key }),
  answers: {
    200: {
      text: 'Up to eight records in the order their writers came; none for an unknown address.',
      schema: {
        type: 'object',
        properties: { records: { type: 'array', items: TEXT } },
        required: ['records'],
      },
    },
  },
  handle: async ({ ask, body }) =>
    on(await ask({ kind: 'lookup', address: body.address }), 'records', ({ records }) =>
      json(200, { records: records.map((one) => toBase64url(encodeDirectoryRecord(one))) }),
    ),
})

async function waiting(
  { ask, key: writer }: Call<unknown, unknown>,
  stock: number,
): Promise<number | Outcome> {
  const reply = await ask({ kind: 'remaining', writer, stock })
  return reply.kind === 'count' ? reply.value : on(reply, 'count', () => DONE)
}

const stats = route({
  name: 'keyStats',
  method: 'GET',
  path: '/keys/stats',
  summary: 'How many one-time items of the signing key wait',
  signedBy: 'the writer key of the stocks',
  answers: {
    200: {
      text: 'Numbers without the last resorts.',
      schema: {
        type: 'object',
        properties: { prekeyBundles: COUNT, keyPackages: COUNT },
        required: ['prekeyBundles', 'keyPackages'],
      },
    },
  },
  handle: async (call) => {
    const prekeyBundles = await waiting(call, KINDS['prekey-bundle'])
    const keyPackages = await waiting(call, KINDS['key-package'])
    if (typeof prekeyBundles !== 'number') return prekeyBundles
    return typeof keyPackages === 'number' ? json(200, { prekeyBundles, keyPackages }) : keyPackages
  },
})

export const KEY_ROUTES: readonly Route[] = [register, rotate, prekeys, deactivate, bundle, devices, stats]
