/**
 * One POST to a push service: only to public addresses, without redirects, in bounded time, reading no body.
 *
 * The address is checked where it is connected to, so a name that resolves anew to an inner address gains nothing.
 */
import { lookup as systemLookup } from 'node:dns'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { PUSH_TIMEOUT_MS } from '../limits.js'
import { isLoopback, isPrivateAddress } from './private-address.js'

export interface PostOptions {
  /** Loopback addresses and plain HTTP to them are allowed: for a push service on the same machine. */
  readonly loopback: boolean
}

export interface Post {
  readonly url: URL
  readonly headers: Readonly<Record<string, string | number>>
  readonly body: Uint8Array
}

export interface Posted {
  readonly status: number
  /** Seconds, when the service says so. */
  readonly retryAfter: number | undefined
}

/** The URL of an endpoint; undefined for one that is never asked. */
export function endpointUrl(endpoint: string, { loopback }: PostOptions): URL | undefined {
  if (!URL.canParse(endpoint)) return undefined
  const url = new URL(endpoint)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.username !== '' || url.password !== '') return undefined
  const inside = isIP(host) === 0 ? host === 'localhost' : isLoopback(host)
  if (loopback && inside) return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  if (url.protocol !== 'https:' || inside) return undefined
  return isIP(host) !== 0 && isPrivateAddress(host) ? undefined : url
}

function guardedLookup({ loopback }: PostOptions): LookupFunction {
  return (name, options, callback) => {
    systemLookup(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '', 0)
        return
      }
      const allowed = addresses.filter(
        ({ address }) => !isPrivateAddress(address) || (loopback && isLoopback(address)),
      )
      const [first] = allowed
      // One inner address among others is a trick, not a configuration.
      if (first === undefined || allowed.length !== addresses.length)
        callback(new Error('address not allowed'), '', 0)
      else if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
  }
}

function retryAfterOf({ headers }: IncomingMessage): number | undefined {
  const seconds = Number(headers['retry-after'])
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined
}

/** Rejects when no answer comes. */
export function post({ url, headers, body }: Post, options: PostOptions): Promise<Posted> {
  const send = url.protocol === 'http:' ? httpRequest : httpsRequest
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PUSH_TIMEOUT_MS)
    const sent: ClientRequest = send(
      url,
      { method: 'POST', headers, lookup: guardedLookup(options), signal, agent: false },
      (response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: retryAfterOf(response) })
        // What it says is of no interest, and may be long.
        response.destroy()
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
