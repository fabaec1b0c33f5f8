/** `hyphae relay`: a store-and-forward server until it is told to stop. */
import { join, resolve } from 'node:path'
import { startRelay } from '@hyphae/relay'
import type { Call, Command } from '../command.js'
import { UsageError } from '../errors.js'
import { DEFAULT_RELAY_PORT, MAX_PORT } from '../limits.js'
import { commandLogger } from '../log.js'

const LOOPBACK = '127.0.0.1'

export const relayCommand: Command = {
  usage: ['hyphae relay [--port PORT] [--host ADDRESS] [--data DIR] [--name HOST]'],
  help: `Keeps mail, keys and file parts for others, all of it sealed. Runs until Ctrl-C; prints its URL.

  --port PORT     default ${DEFAULT_RELAY_PORT}; 0 takes a free one
  --host ADDRESS  address to listen on (default ${LOOPBACK}: this machine only)
  --data DIR      what it keeps (default: relay in the home)
  --name HOST     host name in the URL that clients use; repeat for several`,
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    data: { type: 'string' },
    name: { type: 'string', multiple: true },
  },
  run: runRelay,
}

async function runRelay(call: Call): Promise<void> {
  const { args, home, io, print } = call
  if (args.words.length > 0) throw new UsageError('relay takes no words, only options.')
  const port = args.whole('port', { min: 0, max: MAX_PORT }) ?? DEFAULT_RELAY_PORT
  const host = args.text('host') ?? LOOPBACK
  const named = args.text('data')
  const data = named === undefined ? join(home, 'relay') : resolve(named)
  const names = args.texts('name')
  const { clock } = io
  const logger = commandLogger(io)
  const server = await startRelay({ port, host, data, clock, logger, ...(names.length > 0 && { names }) })
  try {
    await print.result({ type: 'relay', url: server.url, data }, server.url)
    await print.note(`Keeps its data in ${data}. Ctrl-C ends it.`)
    if (host !== LOOPBACK && names.length === 0)
      await print.note('Give it --name HOST, so that nobody can pass proofs made for another relay to it.')
    await stopped(io.signal)
  } finally {
    await server.close()
  }
  await print.note('Stopped; everything acknowledged is kept.')
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
