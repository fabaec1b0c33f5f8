/** What this relay offers. spec/relay-rest.md section 3. */
import { readDescription } from '@hyphae/transport-relay/wire'
import { toBase64url } from '../base64url.js'
import { json, on, type Route, route } from '../route.js'

const info = route({
  name: 'describe',
  method: 'GET',
  path: '/info',
  summary: 'What this relay offers, and its limits',
  answers: { 200: { text: 'As `describe` of the wire protocol says.', schema: { type: 'object' } } },
  handle: async ({ ask }) =>
    on(await ask({ kind: 'describe' }), 'description', ({ fields }) => {
      const { price, ...rest } = readDescription(fields)
      return json(200, { ...rest, price: toBase64url(price) })
    }),
})

export const ABOUT_ROUTES: readonly Route[] = [info]
