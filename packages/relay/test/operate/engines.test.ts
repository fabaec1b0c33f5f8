// The program over engines that many relays share.
import { join } from 'node:path'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { bundleChild } from '../support/bundle.js'
import { NATS_MISSING, startNats } from '../support/nats-servers.js'
import { POSTGRES_MISSING, startPostgres } from '../support/postgres-server.js'
import { type Program, startProgram } from '../support/program.js'
import { connect, newBox, temporaryFolder } from '../support/relay.js'

let script: string
beforeAll(async () => {
  script = await bundleChild('program')
})

const running: Program[] = []
const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL')
    await program.ended
  }
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function relayOf(
  data: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ url: string; admin: string }> {
  const program = startProgram(
    script,
    ['--port', '0', '--admin-port', '0', '--json', '--data', data, ...args],
    env,
  )
  running.push(program)
  await program.until('\n')
  return JSON.parse(program.out.stdout) as { url: string; admin: string }
}

/** Two relays of one cluster; the second hands out what the first took, by WebSocket and by REST. */
async function twoRelays(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const folder = await temporaryFolder()
  cleanups.push(folder.remove)
  const [first, second] = [
    await relayOf(join(folder.path, 'a'), args, env),
    await relayOf(join(folder.path, 'b'), args, env),
  ]
  const [a, b] = [await connect(first.url), await connect(second.url)]
  const box = newBox()
  const frame = crypto.randomBytes(512)
  await a.mailbox.put([{ box: box.id, id: crypto.randomBytes(16), frame }])
  const [delivery] = await b.mailbox.fetch(box)
  expect(delivery?.frame).toEqual(frame)
  const body = JSON.stringify({
    box: Buffer.from(box.id).toString('base64url'),
    id: Buffer.from(crypto.randomBytes(16)).toString('base64url'),
    frame: Buffer.from(frame).toString('base64url'),
  })
  const headers = { 'content-type': 'application/json' }
  const send = `${second.url.replace('ws:', 'http:')}/api/v1/messages/send`
  expect((await fetch(send, { method: 'POST', headers, body })).status).toBe(204)
  expect(await a.mailbox.fetch(box)).toHaveLength(2)
  expect((await fetch(`${first.admin}/ready`)).status).toBe(200)
  const metrics = await (await fetch(`${first.admin}/metrics`)).text()
  expect(metrics).toContain('hyphae_relay_operations_total{operation="put",outcome="ok"} 1\n')
  await Promise.all([a.close(), b.close()])
  const backup = startProgram(
    script,
    ['backup', join(folder.path, 'x'), '--data', join(folder.path, 'a'), ...args],
    env,
  )
  expect(await backup.ended).toBe(1)
  expect(backup.out.stderr).toContain('[relay/no-upkeep]')
}

describe('the program', () => {
  it.skipIf(NATS_MISSING !== undefined)(
    `keeps everything in NATS${NATS_MISSING ? `: ${NATS_MISSING}` : ''}`,
    async () => {
      const nats = await startNats(1)
      cleanups.push(nats.dispose)
      await twoRelays(['--engine', 'nats', '--nats-url', `nats://${nats.servers[0]}`, '--nats-replicas', '1'])
    },
  )

  it.skipIf(POSTGRES_MISSING !== undefined)(
    `keeps everything in PostgreSQL${POSTGRES_MISSING ? `: ${POSTGRES_MISSING}` : ''}`,
    async () => {
      const postgres = await startPostgres()
      cleanups.push(postgres.dispose)
      await twoRelays(['--engine', 'postgres'], { HYPHAE_RELAY_POSTGRES_URL: postgres.url })
    },
  )

  it('says which system it cannot reach', async () => {
    const folder = await temporaryFolder()
    cleanups.push(folder.remove)
    const nowhere = ['--engine', 'postgres', '--postgres-url', 'postgres://relay@127.0.0.1:1/none']
    const program = startProgram(script, ['--port', '0', '--data', join(folder.path, 'data'), ...nowhere])
    running.push(program)
    expect(await program.ended).toBe(1)
    expect(program.out.stderr).toContain('[relay/store-unreachable]')
  })
})
