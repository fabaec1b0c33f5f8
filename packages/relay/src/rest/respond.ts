/** Answers and problems as HTTP. spec/relay-rest.md section 4. */
import type { ServerResponse } from 'node:http'
import { type Problem, problemBody, problemHeaders } from './problem.js'
import type { Outcome } from './route.js'

export function respond(outcome: Outcome): Response {
  if ('problem' in outcome)
    return new Response(problemBody(outcome.problem), {
      status: outcome.problem.status,
      headers: { ...problemHeaders(outcome.problem), 'cache-control': 'no-store' },
    })
  const { status, json, bytes, stream, headers } = outcome
  const type = json === undefined ? undefined : { 'content-type': 'application/json' }
  // Also for HEAD, where the body itself is left out.
  const length = bytes === undefined ? undefined : { 'content-length': String(bytes.length) }
  const body = json === undefined ? (stream ?? bytes ?? null) : JSON.stringify(json)
  return new Response(body as BodyInit | null, {
    status,
    headers: { 'cache-control': 'no-store', ...type, ...length, ...headers },
  })
}

/** An answer that does not wait for the body: whoever sends on is cut off. */
export function refuse(response: ServerResponse, refusal: Problem): void {
  const body = problemBody(refusal)
  response.writeHead(refusal.status, {
    ...problemHeaders(refusal),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}
