/** What this relay offers. spec/relay-rest.md section 3. */
import { type Description, readDescription, TICKET_KINDS, TTL_CLASSES } from '@hyphae/transport-relay/wire'
import { toBase64url } from '../base64url.js'
import { json, on, type Route, route } from '../route.js'

const number = (description: string) => ({ type: 'integer', description })
const text = (description: string) => ({ type: 'string', description: `${description}; base64url` })
const listOf = (items: Readonly<Record<string, unknown>>, description: string) => ({
  type: 'array',
  items,
  description,
})
const tickets = (description: string) => listOf({ enum: TICKET_KINDS }, description)

/** One for each field, so that none is added without being described. */
const FIELDS: Readonly<Record<keyof Description, Readonly<Record<string, unknown>>>> = {
  ttl: listOf({ enum: TTL_CLASSES }, 'days a frame may be put for'),
  tickets: tickets('what opens boxes; with none, boxes without terms take frames from anybody'),
  blobTickets: tickets('what lets a blob be put'),
  logTickets: tickets('what lets an entry of a log be written'),
  stockTickets: tickets('what lets an upload of a stock be put'),
  requests: listOf({ type: 'integer' }, 'codes of the requests of the wire protocol it answers'),
  workBits: number('leading zero bits of a work ticket'),
  bucketBits: number('the most bits of a bucket that may be read now'),
  bucketBoxes: number('boxes with mail that such a bucket holds in the mean'),
  recordBits: number('bits of a bucket of records that it recommends'),
  framesPerBox: number('frames a box holds'),
  logEntries: number('entries a log keeps'),
  logBytes: number('bytes of entries a log keeps'),
  listeners: number('listeners to one channel'),
  costlyPerSecond: number('requests that cost a signature check, a second and connection'),
  costlyBurst: number('such requests at once'),
  operationsPerSecond: number('requests a second and connection'),
  price: text('the offer of its payment, without the statement; empty: it charges nothing'),
  store: text('16 bytes that name the store whose positions it gives out; empty: it does not say'),
}

const info = route({
  name: 'describe',
  method: 'GET',
  path: '/info',
  summary: 'What this relay offers, and its limits',
  answers: {
    200: {
      text: 'As `describe` of the wire protocol says.',
      schema: { type: 'object', properties: FIELDS, required: Object.keys(FIELDS) },
    },
  },
  handle: async ({ ask }) =>
    on(await ask({ kind: 'describe' }), 'description', ({ fields }) => {
      const description = readDescription(fields)
      const [price, store] = [description.price, description.store].map(toBase64url)
      return json(200, { ...description, price, store })
    }),
})

export const ABOUT_ROUTES: readonly Route[] = [info]
