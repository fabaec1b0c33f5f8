import { systemClock } from '@hyphae/core'
import type { Reply } from '@hyphae/transport-relay/wire'
import { describe, expect, it } from 'vitest'
import type { Ask, Call } from '../../src/rest/route.js'
import { ROUTES } from '../../src/rest/routes.js'

/** A call whose client was gone before its handler began. */
function goneCall(query: Readonly<Record<string, unknown>>) {
  const state = { subscribed: 0, slept: 0 }
  const watches = {
    add: () => {
      state.subscribed += 1
    },
    remove: () => {
      state.subscribed -= 1
    },
  }
  const clock = {
    now: systemClock.now,
    sleep: (ms: number, signal?: AbortSignal) => {
      if (signal?.aborted !== true) state.slept += 1
      return systemClock.sleep(ms, signal)
    },
  }
  const ask = async ({ kind }: Ask): Promise<Reply> =>
    kind === 'fetch'
      ? { kind: 'deliveries', request: 1, more: false, deliveries: [] }
      : { kind: 'ok', request: 1 }
  const onPush = () => {
    state.subscribed += 1
    return () => {
      state.subscribed -= 1
    }
  }
  const call = {
    session: { context: { clock, watches } },
    key: new Uint8Array(32),
    body: { channel: new Uint8Array(32) },
    query,
    ask,
    onPush,
    signal: AbortSignal.abort(),
  }
  return { state, call: call as unknown as Call<unknown, unknown> }
}

const handlerOf = (name: string) => {
  const route = ROUTES.find((one) => one.name === name)
  if (route === undefined) throw new Error(`no route ${name}`)
  return route.handle
}

describe('a client that is gone before its request is handled', () => {
  it.each(['listenCall', 'listenTyping', 'listenPresence'])('%s: holds no subscription', async (name) => {
    const { call, state } = goneCall({})
    const outcome = await handlerOf(name)(call)
    if (!('stream' in outcome) || outcome.stream === undefined) throw new Error('no stream')
    expect(await outcome.stream.getReader().read()).toEqual({ done: true, value: undefined })
    expect(state).toEqual({ subscribed: 0, slept: 0 })
  })

  it('readQueue: waits for nothing', async () => {
    const { call, state } = goneCall({ wait: 30 })
    expect(await handlerOf('readQueue')(call)).toMatchObject({ status: 200 })
    expect(state).toEqual({ subscribed: 0, slept: 0 })
  })
})
