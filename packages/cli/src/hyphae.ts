#!/usr/bin/env node
/** The `hyphae` program: hands the process to `runCli`. */
import { setMaxListeners } from 'node:events'
import process from 'node:process'
import type { Output } from './io.js'
import { runCli } from './main.js'
import { readSecret } from './prompt.js'

/** What a shell gives a program that Ctrl-C ended. */
const INTERRUPTED = 130

function outputOf(stream: NodeJS.WriteStream): Output {
  // Failures are told to who wrote.
  stream.on('error', () => {})
  return {
    isTTY: stream.isTTY === true,
    write: (text) =>
      new Promise<void>((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()))
      }),
  }
}

/** Fires at the first SIGINT or SIGTERM; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED)
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return stop.signal
}

function onHangup(listener: () => void): () => void {
  process.on('SIGHUP', listener)
  return () => process.off('SIGHUP', listener)
}

// One signal ends every wait of a node: many listeners are no leak, and a warning would stand among the messages.
setMaxListeners(0)

const [stdout, stderr] = [outputOf(process.stdout), outputOf(process.stderr)]
const code = await runCli(process.argv.slice(2), {
  stdout,
  stderr,
  stdin: process.stdin,
  env: process.env,
  signal: stopSignal(),
  onHangup,
  ...(process.stdin.isTTY && { readSecret: (prompt: string) => readSecret(process.stdin, stderr, prompt) }),
})
process.exit(code)
