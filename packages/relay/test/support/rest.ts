/** A client of the REST interface that signs, and a relay to ask. */
import { systemClock } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { type RelayOptions, type RestKey, signRequest } from '@hyphae/relay'
import { checkAnswer } from './answers.js'
import { type RelayFixture, startFixture } from './relay.js'

export function newKey(): RestKey {
  const key = crypto.ed25519.generate()
  return { publicKey: key.publicKey, sign: (message) => crypto.ed25519.sign(key, message) }
}

export const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
export const unb64 = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(String(text), 'base64url'))

export interface RestAnswer {
  readonly status: number
  readonly headers: Headers
  /** Undefined without a body. */
  readonly json: Record<string, unknown>
}

export interface Asked {
  readonly key?: RestKey
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

export interface RestFixture extends RelayFixture {
  readonly base: string
  ask(method: string, path: string, asked?: Asked): Promise<RestAnswer>
}

/** Every answer is held against the document of the interface. */
export async function askRest(
  base: string,
  method: string,
  path: string,
  { key, body, headers }: Asked = {},
): Promise<RestAnswer> {
  const url = `${base}${path}`
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const signed =
    key === undefined
      ? {}
      : signRequest({ method, url, ...(text !== undefined && { body: text }) }, key, {
          clock: systemClock,
          crypto,
        })
  const type = text === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, {
    method,
    headers: { ...type, ...signed, ...headers },
    ...(text !== undefined && { body: text }),
  })
  const answer = await response.text()
  const media = response.headers.get('content-type') ?? ''
  const json = media.includes('json') ? JSON.parse(answer) : undefined
  checkAnswer(method, path, response.status, media, json)
  return { status: response.status, headers: response.headers, json }
}

export async function startRest(options: Partial<RelayOptions> = {}): Promise<RestFixture> {
  const fixture = await startFixture(options)
  const base = `${fixture.server.url.replace('ws', 'http')}/api/v1`
  return { ...fixture, base, ask: (method, path, asked) => askRest(base, method, path, asked) }
}
