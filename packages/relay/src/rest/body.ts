/** Bodies, refused by their length before a byte is kept. spec/relay-rest.md section 5. */
import type { IncomingMessage } from 'node:http'
import { type Problem, problem } from './problem.js'

/** Bytes of bodies that are being read, over all requests. */
export interface BodyBudget {
  /** False when they do not fit. */
  take(bytes: number): boolean
  give(bytes: number): void
}

export function createBodyBudget(most: number): BodyBudget {
  let taken = 0
  return {
    take: (bytes) => {
      if (taken + bytes > most) return false
      taken += bytes
      return true
    },
    give: (bytes) => {
      taken -= bytes
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
  budget: BodyBudget,
): Promise<Uint8Array | Problem> {
  const length = announced(request)
  if (length !== undefined && length > most) return problem('too-large', { more: { most } })
  const reserved = length ?? most
  if (!budget.take(reserved)) return problem('rate-limited', { retryAfterMs: RETRY_MS })
  try {
    return await collect(request, most)
  } catch {
    // Cut off: nobody hears the answer.
    return problem('malformed', { detail: 'the body was cut' })
  } finally {
    budget.give(reserved)
  }
}
