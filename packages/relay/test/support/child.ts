/** A relay in a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface RelayProcess {
  readonly child: ChildProcess
  /** What it printed first: its URL, or an error code. */
  readonly said: string
  kill(): Promise<void>
  /** Lets it close by itself. */
  stop(): Promise<void>
}

export function spawnRelay(script: string, folder: string, port = 0): Promise<RelayProcess> {
  return spawnProgram(script, [folder, String(port)])
}

export async function spawnProgram(script: string, args: readonly string[]): Promise<RelayProcess> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>
  const died = exited.then(([code]) => {
    throw new Error(`the relay process ended with ${code} before it said anything`)
  })
  const [said] = await Promise.race([line, died])
  died.catch(() => {})
  return {
    child,
    said,
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    stop: async () => {
      child.stdin.end()
      await exited
    },
  }
}
