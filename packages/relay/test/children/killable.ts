/**
 * A relay that kills itself: `killable <folder> <port>`, then a line `<point> <count>` starts it and says at which
 * visit of the point it dies; `never 0`: not by itself. Prints its URL when it listens.
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { startRelay } from '@hyphae/relay'
import type { OpenDatabase } from '../../src/engine/database.js'
import { openEmbedded, storeFolder } from '../../src/engine/embedded.js'
import type { OpenEngine } from '../../src/engine/engine.js'
import { openJournaled } from '../../src/engine/journal/journaled.js'
import type { KillPoint } from '../support/kill-points.js'

/** Small, so that segments fill and are carried over many times in one life. */
const SEGMENT_BYTES = 64 * 1024
const SWEEP_MS = 40
const HELD_MS = 5

const [data = '', port = '0'] = process.argv.slice(2)
const lines = createInterface({ input: process.stdin })
const [order] = (await once(lines, 'line')) as [string]
const [point, count] = order.split(' ')
let left = Number(count)

function isLast(here: KillPoint): boolean {
  if (here !== point) return false
  left -= 1
  return left === 0
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

function reach(here: KillPoint): void {
  if (isLast(here)) die()
}

const open: OpenDatabase = async (folder) => {
  const database = await openJournaled(folder, SEGMENT_BYTES)
  return {
    ...database,
    transact: async (fill) => {
      await database.transact(async (stage) => {
        await fill(stage)
        if (stage.rows === 0 || !isLast('staged')) return
        // Whoever answers before the write has now time to do so.
        await sleep(HELD_MS)
        die()
      })
      reach('durable')
    },
  }
}

const engine: OpenEngine = async ({ data: folder, ...rest }) => {
  const inner = await openEmbedded({ folder: storeFolder(folder), ...rest, open })
  return {
    ...inner,
    put: async (...args) => {
      reach('put')
      const verdict = await inner.put(...args)
      reach('stored')
      return verdict
    },
    ack: async (...args) => {
      reach('ack')
      const verdict = await inner.ack(...args)
      reach('acknowledged')
      return verdict
    },
    onStored: (listener) =>
      inner.onStored((box, stored) => {
        reach('deliver')
        listener(box, stored)
        reach('delivered')
      }),
  }
}

const relay = await startRelay({ data, port: Number(port), engine, limits: { sweepEveryMs: SWEEP_MS } })
console.log(relay.url)
lines.on('close', () => void relay.close())
