/** The program itself, run from its sources in a process of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../src/hyphae.ts', import.meta.url))
/** Resolves the packages to their sources, as the tests' aliases do. */
const TSCONFIG = fileURLToPath(new URL('./tsconfig.json', import.meta.url))

export interface Program {
  readonly child: ChildProcessWithoutNullStreams
  /** Resolves when the stream, or without one either of them, holds the text: the two do not arrive in order. */
  until(text: string, stream?: 'stdout' | 'stderr'): Promise<void>
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  stdout(): string
  stderr(): string
}

export function program(...args: string[]): Program {
  const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], {
    env: { ...process.env, TSX_TSCONFIG_PATH: TSCONFIG },
  })
  const written = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      for (const look of waiting) look()
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  const until: Program['until'] = (text, stream) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const seen = stream === undefined ? `${written.stdout}${written.stderr}` : written[stream]
        if (seen.includes(text)) resolve()
      }
      waiting.add(look)
      void ended.then(() => reject(new Error(`ended without ${text}: ${JSON.stringify(written)}`)))
      look()
    })
  return { child, until, ended, stdout: () => written.stdout, stderr: () => written.stderr }
}
