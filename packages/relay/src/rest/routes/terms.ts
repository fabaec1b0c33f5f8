/** Terms: who may put into a box. spec/relay-rest.md section 3. */
import { TICKET_KINDS, ticketKinds, ticketSet } from '@hyphae/transport-relay/wire'
import { toBase64url } from '../base64url.js'
import { DONE, json, on, type Route, route } from '../route.js'
import { bytesOf, choice, fields, key, listOf, optional, whole } from '../schema.js'

const TERMS = {
  type: 'object',
  properties: {
    accepts: { type: 'array', items: { enum: TICKET_KINDS } },
    workBits: { type: 'integer' },
    quota: { type: 'integer' },
    capabilityKey: { type: 'string' },
  },
}

const setTerms = route({
  name: 'setTerms',
  method: 'PUT',
  path: '/messages/terms',
  summary: 'Say who may put into the box of the signing key',
  signedBy: 'the key of the box',
  body: fields({
    accepts: listOf(choice(TICKET_KINDS, 'a kind of ticket'), 0, TICKET_KINDS.length),
    workBits: optional(
      whole(0, 255, 'leading zero bits of a work ticket, when more than the relay asks for'),
    ),
    quota: optional(whole(0, 0xffff_ffff, 'frames that may wait; 0: as many as the relay keeps')),
    capabilityKey: optional(bytesOf([32], 'the key that signs capabilities')),
  }),
  answers: { 204: { text: 'Durable.' } },
  problems: ['bad-terms', 'storage-failed'],
  handle: async ({ ask, key: box, body }) => {
    const { accepts, workBits = 0, quota = 0, capabilityKey = new Uint8Array(32) } = body
    const terms = { accepts: ticketSet([...new Set(accepts)]), workBits, quota, capabilityKey }
    return on(await ask({ kind: 'set-terms', box, terms }), 'ok', () => DONE)
  },
})

const getTerms = route({
  name: 'getTerms',
  method: 'POST',
  path: '/messages/terms',
  summary: 'What a box asks of those who put into it',
  body: fields({ box: key }),
  answers: {
    200: {
      text: 'Empty when its owner has set none.',
      schema: { type: 'object', properties: { terms: TERMS } },
    },
  },
  handle: async ({ ask, body }) =>
    on(await ask({ kind: 'get-terms', box: body.box }), 'terms', ({ terms }) => {
      if (terms === undefined) return json(200, {})
      const accepts = ticketKinds(terms.accepts)
      return json(200, { terms: { ...terms, accepts, capabilityKey: toBase64url(terms.capabilityKey) } })
    }),
})

export const TERMS_ROUTES: readonly Route[] = [setTerms, getTerms]
