/** Bodies, refused by their length before a byte is kept. spec/relay-rest.md section 5. */
import type { IncomingMessage } from 'node:http'
import { type Problem, problem } from './problem.js'

/** Bytes of bodies that are being read, over all requests and of each client. */
export interface BodyBudget {
  /** False when they do not fit. */
  take(client: string, bytes: number): boolean
  give(client: string, bytes: number): void
}

/** `share`: bytes of one client, beyond its first body, which may be as long as its route allows. */
export function createBodyBudget(most: number, share: number): BodyBudget {
  let taken = 0
  /** Only clients whose bodies are being read. */
  const byClient = new Map<string, number>()
  return {
    take: (client, bytes) => {
      const own = byClient.get(client) ?? 0
      if (taken + bytes > most || (own > 0 && own + bytes > share)) return false
      taken += bytes
      if (bytes > 0) byClient.set(client, own + bytes)
      return true
    },
    give: (client, bytes) => {
      taken -= bytes
      const own = (byClient.get(client) ?? 0) - bytes
      if (own > 0) byClient.set(client, own)
      else byClient.delete(client)
    },
  }
}

const RETRY_MS = 1_000

/** What it says of its length; undefined: it does not say. Node has refused what is no number. */
function announced({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined
  return Number(headers['content-length'] ?? 0)
}

async function collect(request: IncomingMessage, most: number): Promise<Buffer | Problem> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length
    if (length > most) return problem('too-large', { more: { most } })
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The body, at most `most` bytes of it. */
export async function readBody(
  request: IncomingMessage,
  most: number,
  client: string,
  budget: BodyBudget,
): Promise<Uint8Array | Problem> {
  const length = announced(request)
  if (length !== undefined && length > most) return problem('too-large', { more: { most } })
  const reserved = length ?? most
  if (!budget.take(client, reserved)) return problem('rate-limited', { retryAfterMs: RETRY_MS })
  try {
    return await collect(request, most)
  } catch {
    // Cut off: nobody hears the answer.
    return problem('malformed', { detail: 'the body was cut' })
  } finally {
    budget.give(client, reserved)
  }
}
