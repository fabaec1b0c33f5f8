/** Runs the command in this process: a relay on loopback, homes in a temporary folder, outputs kept. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@hyphae/core'
import { type Relay, startRelay } from '@hyphae/relay'
import { expect } from 'vitest'
import { type CliIo, runCli } from '../src/index.js'

export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly ended: Promise<Run>
  /** Resolves when what was written so far holds the text. */
  until(text: string, where?: 'stdout' | 'stderr'): Promise<void>
  /** What was written so far. */
  stdout(): string
  stop(): void
}

/** Starts a command; `args` may name a home by --home. */
export function start(args: readonly string[], io: Partial<CliIo> = {}): Running {
  const written = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  const output = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text
      for (const look of waiting) look()
    },
  })
  const stop = new AbortController()
  const ended = runCli(args, {
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: stop.signal,
    ...io,
  }).then((code) => ({ code, ...written }))
  const until = (text: string, where: 'stdout' | 'stderr' = 'stdout'): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!written[where].includes(text)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      void ended.then(() =>
        reject(new Error(`ended without ${JSON.stringify(text)}: ${JSON.stringify(written)}`)),
      )
      look()
    })
  return { ended, until, stdout: () => written.stdout, stop: () => stop.abort() }
}

export function hyphae(args: readonly string[], io: Partial<CliIo> = {}): Promise<Run> {
  return start(args, io).ended
}

/** Runs to success and gives what it printed, without the last newline. */
export async function ok(args: readonly string[], io: Partial<CliIo> = {}): Promise<string> {
  const run = await hyphae(args, io)
  expect(run.stderr.includes('hyphae: ') ? run.stderr : '').toBe('')
  expect(run.code).toBe(0)
  return run.stdout.replace(/\n$/, '')
}

/** Runs to success and gives the objects it printed. */
export async function objects(
  args: readonly string[],
  io: Partial<CliIo> = {},
): Promise<Record<string, unknown>[]> {
  const printed = await ok([...args, '--json'], io)
  return printed
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export interface World {
  readonly folder: string
  readonly relay: Relay
  /** Makes a home; gives its folder and account. */
  home(name: string, ...options: string[]): Promise<{ home: string; account: string }>
  close(): Promise<void>
}

export async function world(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-cli-'))
  const relay = await startRelay({ data: join(folder, 'relay') })
  return {
    folder,
    relay,
    home: async (name, ...options) => {
      const home = join(folder, name)
      const account = await ok(['init', '--home', home, '--relay', relay.url, ...options])
      return { home, account }
    },
    close: async () => {
      await relay.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Waits pass `times` as fast, so that giving up on a relay takes no time. */
export function fastClock(times: number): Clock {
  const started = systemClock.now()
  return {
    now: () => started + (systemClock.now() - started) * times,
    sleep: (ms, signal, background) => systemClock.sleep(ms / times, signal, background),
  }
}

/** Nothing listens here: port 1 is reserved and closed. */
export const DEAD_RELAY = 'ws://127.0.0.1:1'
