/** The relay program as a process: its output is kept, signals reach it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Program {
  readonly child: ChildProcess
  readonly out: { stdout: string; stderr: string }
  /** Resolves when the output holds the text; rejects when the program ends without it. */
  until(text: string | RegExp, where?: 'stdout' | 'stderr'): Promise<void>
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

export function startProgram(
  script: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
  })
  const out = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (data: Buffer) => {
      out[name] += data.toString()
      for (const look of waiting) look()
    })
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return {
    child,
    out,
    ended,
    until: (text, where = 'stdout') =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (typeof text === 'string' ? out[where].includes(text) : text.test(out[where])) {
            waiting.delete(look)
            resolve()
          }
        }
        waiting.add(look)
        void ended.then((code) => reject(new Error(`ended with ${code}: ${JSON.stringify(out)}`)))
        look()
      }),
  }
}
