/** What relays say (NIP-01, NIP-42), read strictly: one message, one value; null for what this client ignores. */
import * as v from 'valibot'

export type RelayMessage =
  | { readonly kind: 'event'; readonly subscription: string; readonly event: unknown }
  | { readonly kind: 'stored'; readonly subscription: string }
  | { readonly kind: 'ended'; readonly subscription: string; readonly reason: string }
  | { readonly kind: 'answer'; readonly id: string; readonly accepted: boolean; readonly reason: string }
  | { readonly kind: 'challenge'; readonly challenge: string }

const text = v.string()
const eventSchema = v.tuple([v.literal('EVENT'), text, v.unknown()])
const storedSchema = v.tuple([v.literal('EOSE'), text])
const endedSchema = v.tuple([v.literal('CLOSED'), text, v.optional(text, '')])
const answerSchema = v.tuple([v.literal('OK'), text, v.boolean(), v.optional(text, '')])
const challengeSchema = v.tuple([v.literal('AUTH'), text])
const schema = v.union([eventSchema, storedSchema, endedSchema, answerSchema, challengeSchema])

/** Null for notices, unknown messages and what is malformed: relays add messages, and none of them is an error. */
export function readRelayMessage(message: string): RelayMessage | null {
  let json: unknown
  try {
    json = JSON.parse(message)
  } catch {
    return null
  }
  const read = v.safeParse(schema, json)
  if (!read.success) return null
  const said = read.output
  switch (said[0]) {
    case 'EVENT':
      return { kind: 'event', subscription: said[1], event: said[2] }
    case 'EOSE':
      return { kind: 'stored', subscription: said[1] }
    case 'CLOSED':
      return { kind: 'ended', subscription: said[1], reason: said[2] }
    case 'OK':
      return { kind: 'answer', id: said[1], accepted: said[2], reason: said[3] }
    case 'AUTH':
      return { kind: 'challenge', challenge: said[1] }
  }
}
