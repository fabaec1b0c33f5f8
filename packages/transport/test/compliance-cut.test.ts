/**
 * Several carriers as one keep the suites' rules while one of them is cut off, then the other, and when all are. Not asked
 * of directories: a record is at those that could be reached, and who reaches another reads an older one.
 */
import { silentLogger, type Transport } from '@hyphae/core'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import {
  blobsCompliance,
  type MailboxSubject,
  mailboxCompliance,
  type NodeLife,
  simulatedNetwork,
  simulatedRelay,
  simulation,
} from '@hyphae/testkit'
import { fanOut, selector } from '@hyphae/transport'
import { describe, test } from 'vitest'

/** Virtual milliseconds for which a relay cannot be reached: longer than a call waits. */
const CUT_MS = 20_000

/** The cases wait in real time, so virtual time runs beside them until they are done. */
async function overTwoRelays(join: typeof fanOut, which: 'all' | 'in turn'): Promise<MailboxSubject> {
  const sim = simulation({ seed: 3 })
  const network = simulatedNetwork(sim, { conditions: { delayMs: [5, 50], loss: 0.02 } })
  const relays = ['first', 'second'].map((name) => simulatedRelay(network, name))
  const lives: NodeLife[] = []
  for (const name of ['alice', 'bob']) sim.node(name, (life) => void lives.push(life)).boot()
  let over = false
  const pumping = (async () => {
    while (!over) {
      await sim.run({ forMs: 1000 })
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })()
  const [carrier, other] = await Promise.all(
    lives.map(async (life) => {
      const components = { clock: life.clock, logger: silentLogger }
      const transports: Transport[] = relays.map((relay) => relay.transport(life))
      const carriers = await Promise.all(transports.map((transport) => transport(components)))
      return join(carriers, { clock: life.clock, random: () => life.random.next() })
    }),
  )
  let cuts = 0
  return {
    carrier: carrier as MailboxSubject['carrier'],
    other: other as MailboxSubject['carrier'],
    cut: () => {
      network.heal()
      const gone = which === 'all' ? ['first', 'second'] : [cuts++ % 2 === 0 ? 'first' : 'second']
      network.partition([gone])
      sim.after(CUT_MS, 'the relay is back', network.heal)
    },
    dispose: async () => {
      over = true
      await pumping
    },
  }
}

describe.each([
  ['fan-out', fanOut],
  ['a selector', selector],
])('%s over two relays', (_name, join) => {
  const open = (): Promise<MailboxSubject> => overTwoRelays(join, 'all')
  const inTurn = (): Promise<MailboxSubject> => overTwoRelays(join, 'in turn')
  const cases = [
    ...mailboxCompliance(inTurn, { crypto, checksProofs: false }),
    ...blobsCompliance(open, { crypto, checksHashes: false }),
  ]
  for (const { name, run } of cases.filter(({ name }) => name.includes('cut'))) test(name, run)
})
