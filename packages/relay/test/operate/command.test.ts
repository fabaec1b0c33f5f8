// What the relay's command says and does when it is asked for something, wrongly too, or told to stop amid it.
import { readdir } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@hyphae/core'
import { RELAY_HELP, RELAY_OPTIONS, runRelayCommand, startRelay } from '@hyphae/relay'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { flagOf, variableOf } from '../../src/operate/config.js'
import { SETTINGS } from '../../src/operate/settings.js'
import { hasOpenssl, makeCertificate } from '../support/certificate.js'
import { temporaryFolder } from '../support/relay.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

type Flags = Readonly<Record<string, readonly string[]>>

/** One call of the command; `until` its first result, or its end. */
function call(words: readonly string[], flags: Flags = {}, stop = new AbortController()) {
  const told: Record<string, unknown>[] = []
  const notes: string[] = []
  let ready = (): void => {}
  const first = new Promise<void>((resolve) => {
    ready = resolve
  })
  const ended = runRelayCommand({
    words,
    flags: { port: ['0'], data: [join(folder.path, 'data')], ...flags },
    env: {},
    data: join(folder.path, 'unset'),
    clock: systemClock,
    signal: stop.signal,
    result: async (object) => {
      told.push({ ...object })
      ready()
    },
    note: async (text) => void notes.push(text),
    log: () => {},
  })
  ended.catch(() => {})
  return { told, notes, ended, stop: () => stop.abort(), first: () => Promise.race([first, ended]) }
}

const aborted = (): AbortController => {
  const stop = new AbortController()
  stop.abort()
  return stop
}

describe('the relay command', () => {
  it('told to stop while the system behind does not answer, stops', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as { port: number }
    const started = call([], { engine: ['nats'], 'nats-url': [`nats://127.0.0.1:${port}`] })
    while (sockets.length === 0) await sleep(1)
    started.stop()
    await started.ended
    expect([started.told, started.notes]).toEqual([[], ['Stopped before it was ready.']])
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  it('told to stop while it starts, leaves the folder to the next', async () => {
    const started = call([], {}, aborted())
    await started.ended
    expect(started.told).toEqual([])
    const data = join(folder.path, 'data')
    const relay = await startRelay({ data }).catch(async () => {
      // The first is still closing.
      await sleep(500)
      return startRelay({ data })
    })
    await relay.close()
  })

  it('told to stop while it saves or restores, leaves nothing half-done', async () => {
    const file = join(folder.path, 'file')
    const relay = await startRelay({ data: join(folder.path, 'data') })
    // A row, so that there is something to save.
    await relay.ready()
    await relay.close()
    await expect(call(['backup', file], {}, aborted()).ended).rejects.toMatchObject({
      code: 'relay/interrupted',
    })
    expect(await readdir(folder.path)).toEqual(['data'])
    await call(['backup', file]).ended
    const copy = join(folder.path, 'copy')
    await expect(call(['restore', file], { data: [copy] }, aborted()).ended).rejects.toMatchObject({
      code: 'relay/interrupted',
    })
    expect(await readdir(copy)).toEqual([])
    await call(['restore', file], { data: [copy] }).ended
    expect(await readdir(copy)).toEqual(['store'])
  })

  it('says that nobody is paid here, where a ledger is asked of a relay without one', async () => {
    const running = call([])
    await running.first()
    const key = 'a5'.repeat(32)
    for (const words of [
      ['credit', key, '5'],
      ['balance', key],
    ])
      await expect(call(words).ended).rejects.toMatchObject({ code: 'relay/not-running' })
    running.stop()
    await running.ended
    expect(running.notes.at(-1)).toBe('Stopped; everything acknowledged is kept.')
  })

  it('names what is wrong: the path, the address, the word', async () => {
    const running = call([])
    await running.first()
    const { port } = new URL(String(running.told[0]?.url))
    const second = call([], { data: [join(folder.path, 'other')], port: [port] })
    await expect(second.ended).rejects.toMatchObject({
      code: 'relay/cannot-listen',
      details: { host: '127.0.0.1', port: Number(port), reason: 'EADDRINUSE' },
    })
    const data = join(folder.path, 'data')
    await expect(call([]).ended).rejects.toMatchObject({
      code: 'relay/data-locked',
      details: { path: join(data, 'store') },
    })
    running.stop()
    await running.ended
    await expect(call(['start']).ended).rejects.toMatchObject({ details: { reason: 'there is no start' } })
    await expect(call(['restore']).ended).rejects.toMatchObject({
      details: { reason: 'write restore FILE' },
    })
  })

  it.skipIf(!hasOpenssl)('prints the URL that clients can use', async () => {
    const { certFile, keyFile } = makeCertificate(folder.path, 'relay.example')
    const tls = { 'tls-cert': [certFile], 'tls-key': [keyFile] }
    const own = call([], { name: ['relay.example', 'other.example'], ...tls })
    await own.first()
    expect(String(own.told[0]?.url)).toMatch(/^wss:\/\/relay\.example:\d+$/)
    own.stop()
    await own.ended
    const behind = call([], { name: ['relay.example'] })
    await behind.first()
    await sleep(0)
    expect(String(behind.told[0]?.url)).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
    expect(behind.notes).toContain('Clients reach it as relay.example, through what has the certificate.')
    behind.stop()
    await behind.ended
  })

  it('has a help that names every setting, secret and limit, and takes no secret as an argument', async () => {
    for (const setting of SETTINGS) {
      const { name, secret } = setting
      const written = secret === 'value' ? `  ${variableOf(name)} ` : `  --${flagOf(setting)} `
      expect(RELAY_HELP).toContain(written)
      expect(Object.keys(RELAY_OPTIONS)).toContain(flagOf(setting))
      if (secret !== 'value') continue
      expect(RELAY_HELP).not.toContain(`--${flagOf(setting)} `)
      await expect(call([], { [flagOf(setting)]: ['00'.repeat(32)] }).ended).rejects.toMatchObject({
        code: 'relay/bad-setting',
        details: { setting: `--${flagOf(setting)}` },
      })
    }
    for (const [name, value] of Object.entries(DEFAULT_LIMITS))
      expect(RELAY_HELP).toContain(` ${name}=${value}`)
    for (const line of RELAY_HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
})
