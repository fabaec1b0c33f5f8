// A real relay on loopback, with its data in a folder of its own, for as long as the browser tests run.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** `ws:` address of the relay. */
    relayUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // The built package, in Node: the alias of the tests would give the relay its parts for browsers.
  const { startRelay } = await import('../../../packages/relay/dist/index.js')
  const data = await mkdtemp(join(tmpdir(), 'hyphae-browser-'))
  const relay = await startRelay({ port: 0, data })
  project.provide('relayUrl', relay.url)
  return async () => {
    await relay.close()
    await rm(data, { recursive: true, force: true })
  }
}
