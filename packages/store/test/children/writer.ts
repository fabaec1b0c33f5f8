/**
 * Child process: writes rows to the level store in argv[2], four transactions at a time, and says which are
 * durable. Dies by SIGKILL at the engine step given as argv[3]: before a batch is written, while it is being
 * written, after it. With 0 it goes on until somebody else kills it, or the last row.
 */
import { ClassicLevel } from 'classic-level'
import type { Engine } from '../../src/engine.js'
import { levelEngine } from '../../src/level-engine.js'
import { openStore } from '../../src/open.js'

const LAST_ROW = 60
const COPIES = 5
const [, , location = '', dieAt = '0'] = process.argv
let steps = 0

function step(): void {
  steps += 1
  if (steps === Number(dieAt)) process.kill(process.pid, 'SIGKILL')
}

function mortal(engine: Engine): Engine {
  return {
    ...engine,
    write: async (batch) => {
      step()
      const writing = engine.write(batch)
      step()
      await writing
      step()
    },
  }
}

const open = async () => {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  })
  await level.open()
  return level
}
const engine = await levelEngine({ open, reopenAfterFailure: true, inlineReads: true })
const store = await openStore(mortal(engine), { key: new Uint8Array(32).fill(7) })

async function writeRow(): Promise<void> {
  const row = await store.transact(async (tx) => {
    const last = (await tx.get(['copy', 0]))?.[0] ?? 0
    for (let copy = 0; copy < COPIES; copy++) tx.put(['copy', copy], Uint8Array.of(last + 1))
    tx.put(['row', last + 1], new Uint8Array(3000).fill(last + 1))
    return last + 1
  })
  process.stdout.write(`${row}\n`)
}

for (let row = ((await store.get(['copy', 0]))?.[0] ?? 0) + 1; row <= LAST_ROW; row += 4)
  await Promise.all([writeRow(), writeRow(), writeRow(), writeRow()])
await store.close()
