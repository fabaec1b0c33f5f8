// Nodes of libp2p for pages to speak with, for as long as the browser tests run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

interface Nodes {
  /** Says every frame back. */
  readonly echo: { readonly device: string; readonly addresses: string[] }
  /** The same, where only the relay can reach it. */
  readonly hidden: { readonly device: string; readonly addresses: string[] }
  readonly relay: string[]
  /** Hexadecimal name of a topic on which the echo says again what it hears, with its first byte turned. */
  readonly topic: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    libp2p: Nodes
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const program = fileURLToPath(new URL('libp2p-nodes.mjs', import.meta.url))
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  project.provide('libp2p', JSON.parse(String(line)) as Nodes)
  return async () => {
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  }
}
