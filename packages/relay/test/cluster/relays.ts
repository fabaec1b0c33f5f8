/** Relay processes over one engine, each on its own port, to be killed and started again. */
import { type RelayProcess, spawnProgram } from '../support/child.js'
import { freePort } from '../support/nats-servers.js'
import { temporaryFolder } from '../support/relay.js'

export interface Relays {
  readonly all: RelayProcess[]
  /** SIGKILL, and again on the same port. */
  restart(n: number): Promise<void>
  dispose(): Promise<void>
}

export async function startRelays(
  script: string,
  engine: 'nats' | 'postgres',
  url: string,
  count: number,
): Promise<Relays> {
  const folder = await temporaryFolder()
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const start = async (n: number): Promise<RelayProcess> => {
    const relay = await spawnProgram(script, [engine, url, `${folder.path}/${n}`, String(ports[n])])
    if (!relay.said.startsWith('ws:')) throw new Error(relay.said)
    return relay
  }
  const all: RelayProcess[] = []
  for (let n = 0; n < count; n++) all.push(await start(n))
  return {
    all,
    restart: async (n) => {
      await all[n]?.kill()
      all[n] = await start(n)
    },
    dispose: async () => {
      await Promise.all(all.map((relay) => relay.kill()))
      await folder.remove()
    },
  }
}
