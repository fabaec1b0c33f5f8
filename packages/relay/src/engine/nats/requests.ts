/**
 * Requests to the servers over one subscription. The client's own `request` draws up an error with its trace for each,
 * in case it will be needed: as much work as the rest of it.
 */
import { createInbox, type Msg, type NatsConnection, type PublishOptions } from '@nats-io/transport-node'
import { RelayError } from '../../errors.js'
import { REQUEST_MS } from './limits.js'

/** @throws RelayError `relay/store-unreachable`: nobody answers, or not in time */
export type Request = (
  subject: string,
  payload: Uint8Array | string,
  options?: Pick<PublishOptions, 'headers'>,
) => Promise<Msg>

/** A store that did not answer, or would not. */
export function unreachable(cause?: unknown): RelayError {
  return new RelayError('relay/store-unreachable', { cause })
}

interface Waiter {
  readonly late: NodeJS.Timeout
  resolve(message: Msg): void
  reject(error: unknown): void
}

const NOBODY_THERE = 503

export function createRequests(connection: NatsConnection): Request {
  const inbox = createInbox()
  const waiting = new Map<string, Waiter>()
  let requests = 0
  const answered = (error: unknown, message: Msg): void => {
    const waiter = waiting.get(message.subject)
    if (waiter === undefined) return
    waiting.delete(message.subject)
    clearTimeout(waiter.late)
    const nobody = message.data.length === 0 && message.headers?.code === NOBODY_THERE
    if (error === null && !nobody) waiter.resolve(message)
    else waiter.reject(unreachable(error ?? undefined))
  }
  connection.subscribe(`${inbox}.*`, { callback: answered })
  return (subject, payload, options = {}) =>
    new Promise((resolve, reject) => {
      requests += 1
      const reply = `${inbox}.${requests}`
      const expire = (): void => {
        if (waiting.delete(reply)) reject(unreachable())
      }
      const late = setTimeout(expire, REQUEST_MS)
      late.unref()
      waiting.set(reply, { late, resolve, reject })
      try {
        connection.publish(subject, payload, { ...options, reply })
      } catch (cause) {
        clearTimeout(late)
        waiting.delete(reply)
        reject(unreachable(cause))
      }
    })
}
