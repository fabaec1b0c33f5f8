/** The entry that browsers use, with a WebSocket class of the standard interface. */
import { silentLogger, systemClock } from '@hyphae/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { relay } from '../src/index.js'
import type { WebSocketConstructor } from '../src/socket.js'
import { startScripted } from './support/scripted-relay.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

const components = { clock: systemClock, logger: silentLogger }

describe('the portable entry', () => {
  it('speaks through the WebSocket of the runtime, or one that is passed in', async () => {
    const server = await startScripted()
    const passed = await relay(server.url, { WebSocket: WebSocket as WebSocketConstructor })(components)
    expect(await passed.blobs?.has([new Uint8Array(32)])).toEqual([false])
    vi.stubGlobal('WebSocket', WebSocket)
    const own = await relay(server.url)(components)
    expect(await own.blobs?.has([new Uint8Array(32)])).toEqual([false])
    await Promise.all([passed.close(), own.close()])
    await server.close()
  })

  it('says at once when there is none', () => {
    vi.stubGlobal('WebSocket', undefined)
    expect(() => relay('ws://127.0.0.1:1')).toThrow(
      expect.objectContaining({ code: 'relay-carrier/no-websocket' }),
    )
  })
})
