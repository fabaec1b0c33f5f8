// `npm run cluster [-- messages]`: relays over NATS (three servers) and over PostgreSQL; servers and relays are killed under
// load until so many messages were acknowledged (20,000). None may be lost, and at the end none that its reader has
// acknowledged may be waiting.
//
// Needs nats-server and PostgreSQL; unlike `npm test`, which skips, it fails without them.
import { main, ROOT, show } from './lib/run.mjs'
import { prepare } from './lib/workspace.mjs'

const MESSAGES = 20_000

await main(async ([messages = String(MESSAGES)]) => {
  if (!/^[1-9]\d{0,6}$/.test(messages)) throw new Error('usage: npm run cluster [-- messages]')
  const built = await prepare(['build:js'])
  const env = { ...built, HYPHAE_CLUSTER_MESSAGES: messages, HYPHAE_CLUSTER_REQUIRED: '1' }
  // One after the other: each takes the whole machine.
  return show('vitest', ['run', '--no-file-parallelism', 'test/cluster'], {
    cwd: `${ROOT}packages/relay`,
    env,
  })
})
