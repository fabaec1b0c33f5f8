import { once } from 'node:events'
import { copyFileSync, existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { bundleChild } from '../support/bundle.js'
import { hasOpenssl, makeCertificate } from '../support/certificate.js'
import { type Program, startProgram } from '../support/program.js'
import { connect, newBox, temporaryFolder } from '../support/relay.js'

let script: string
beforeAll(async () => {
  script = await bundleChild('program')
})

let folder: Awaited<ReturnType<typeof temporaryFolder>>
const running: Program[] = []
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  for (const program of running.splice(0)) {
    program.child.kill('SIGKILL')
    await program.ended
  }
  await folder.remove()
})

function start(args: readonly string[], env: Record<string, string> = {}): Program {
  const program = startProgram(script, args, env)
  running.push(program)
  return program
}

interface Started extends Program {
  readonly url: string
  readonly admin: string
}

async function serve(args: readonly string[] = [], env: Record<string, string> = {}): Promise<Started> {
  const all = ['--port', '0', '--admin-port', '0', '--data', join(folder.path, 'data'), '--json', ...args]
  const program = start(all, env)
  await program.until('\n')
  const { url, admin } = JSON.parse(program.out.stdout.split('\n')[0] ?? '') as { url: string; admin: string }
  return { ...program, url, admin }
}

const put = (box: ReturnType<typeof newBox>) => ({
  box: box.id,
  id: crypto.randomBytes(16),
  frame: crypto.randomBytes(512),
})

describe('the relay program', () => {
  it('serves until SIGTERM, then answers what was begun and ends with 0', async () => {
    const program = await serve()
    const carrier = await connect(program.url)
    const box = newBox()
    await carrier.mailbox.put([put(box)])
    expect((await fetch(`${program.admin}/ready`)).status).toBe(200)
    const metrics = await (await fetch(`${program.admin}/metrics`)).text()
    expect(metrics).toContain('hyphae_relay_operations_total{operation="put",outcome="ok"} 1\n')
    expect(metrics).toContain('hyphae_relay_frames{size="512"} 1\n')
    expect(metrics).toContain('hyphae_relay_connections 1\n')
    const answers = Array.from({ length: 50 }, () =>
      carrier.mailbox.put([put(box)]).then(
        () => 'stored',
        () => 'not',
      ),
    )
    program.child.kill('SIGTERM')
    expect(await program.ended).toBe(0)
    expect(program.out.stderr).toContain('"message":"relay drains"')
    expect(program.out.stderr).toContain('Stopped; everything acknowledged is kept.')
    await carrier.close()
    const stored = (await Promise.all(answers)).filter((answer) => answer === 'stored').length
    const again = await serve()
    const second = await connect(again.url)
    expect((await second.mailbox.fetch(box, { limit: 100 })).length).toBeGreaterThanOrEqual(1 + stored)
    await second.close()
  })

  it('says on the admin port that it is not ready while it still serves, for what spreads load', async () => {
    const program = await serve(['--limit', 'drainDelayMs=2000'])
    const carrier = await connect(program.url)
    program.child.kill('SIGTERM')
    await program.until('relay drains', 'stderr')
    for (const base of [program.admin, program.url.replace('ws:', 'http:')]) {
      expect((await fetch(`${base}/ready`)).status).toBe(503)
      expect((await fetch(`${base}/health`)).status).toBe(200)
    }
    await carrier.mailbox.put([put(newBox())])
    expect(await program.ended).toBe(0)
    await carrier.close()
  })

  it('ends at once at the second signal, and within its deadline when peers do not', async () => {
    const program = await serve(['--limit', 'drainDelayMs=60000'])
    program.child.kill('SIGINT')
    await program.until('relay drains', 'stderr')
    program.child.kill('SIGINT')
    expect(await program.ended).toBe(130)

    const patient = await serve(['--limit', 'drainMs=200'])
    const silent = new WebSocket(patient.url)
    await once(silent, 'open')
    silent.pause()
    patient.child.kill('SIGTERM')
    expect(await patient.ended).toBe(0)
    silent.terminate()
  })

  it('backs itself up while it runs; the backup becomes a relay with the same mail', async () => {
    const program = await serve()
    const carrier = await connect(program.url)
    const box = newBox()
    await carrier.mailbox.put([put(box), put(box), put(box)])
    const data = join(folder.path, 'data')
    const file = join(folder.path, 'backup')
    const backup = start(['backup', file, '--data', data, '--json'])
    expect(await backup.ended).toBe(0)
    expect(JSON.parse(backup.out.stdout)).toMatchObject({ type: 'backup', path: file })
    const compact = start(['compact', '--data', data])
    expect(await compact.ended).toBe(0)
    expect(await carrier.mailbox.fetch(box)).toHaveLength(3)
    await carrier.close()

    const copy = join(folder.path, 'copy')
    expect(await start(['restore', file, '--data', copy]).ended).toBe(0)
    const again = start(['restore', file, '--data', copy])
    expect(await again.ended).toBe(1)
    expect(again.out.stderr).toContain('[relay/data-not-empty]')
    const restored = await serve(['--data', copy])
    const second = await connect(restored.url)
    expect(await second.mailbox.fetch(box)).toHaveLength(3)
    await second.close()
  })

  it('comes back after SIGKILL with its control socket', async () => {
    const program = await serve()
    program.child.kill('SIGKILL')
    expect(await program.ended).toBe('SIGKILL')
    expect(existsSync(join(folder.path, 'data', 'control'))).toBe(true)
    await serve()
    const backup = start(['backup', join(folder.path, 'b'), '--data', join(folder.path, 'data')])
    expect(await backup.ended).toBe(0)
  })

  it('offers beside boxes what its settings ask for, and says so', async () => {
    const plain = await serve(['--data', join(folder.path, 'plain')])
    const asked = [
      '--hop-second',
      'true',
      '--hop-peer',
      'wss://second.example',
      '--push-contact',
      'mailto:a@b.example',
    ]
    const full = await serve([...asked, '--accept', 'work', '--data', join(folder.path, 'full')])
    const info = async ({ url }: Started) => {
      const answer = await fetch(`${url.replace('ws:', 'http:')}/api/v1/info`)
      return (await answer.json()) as { requests: number[]; tickets: string[] }
    }
    const [few, more] = [await info(plain), await info(full)]
    expect(few.tickets).toContain('none')
    expect(more.tickets).toEqual(['work'])
    expect(more.requests.length).toBeGreaterThan(few.requests.length)
    expect(more.requests).toEqual(expect.arrayContaining(few.requests))
  })

  it('checks and prints its settings without touching anything', async () => {
    const config = join(folder.path, 'relay.json')
    await writeFile(config, JSON.stringify({ port: 1, data: 'data', engine: 'embedded' }))
    const check = start(['--check-config', '--config', config])
    expect(await check.ended).toBe(0)
    expect(check.out.stdout).toBe('The settings are good.\n')
    const print = start(['--print-config', '--port', '2'], { HYPHAE_RELAY_CONFIG: config })
    expect(await print.ended).toBe(0)
    expect(JSON.parse(print.out.stdout)).toMatchObject({ port: 2, data: join(folder.path, 'data') })
    expect(existsSync(join(folder.path, 'data'))).toBe(false)
    const bad = start(['--check-config', '--port', 'x'])
    expect(await bad.ended).toBe(2)
    expect(bad.out.stderr).toContain('--port: expected a whole number from 0 to 65535.')
    expect(await start(['--check-config'], { HYPHAE_RELAY_PORTS: '1' }).ended).toBe(1)
    expect(await start(['backup']).ended).toBe(2)
    expect(await start(['--nothing']).ended).toBe(2)
    expect(await start(['--help']).ended).toBe(0)
  })

  it.skipIf(!hasOpenssl)(
    'speaks TLS by files and takes a new certificate at SIGHUP, a bad one not',
    async () => {
      const [first, second] = [makeCertificate(folder.path, 'first'), makeCertificate(folder.path, 'second')]
      const [cert, key] = [join(folder.path, 'tls.crt'), join(folder.path, 'tls.key')]
      const install = (from: typeof first): void => {
        copyFileSync(from.certFile, cert)
        copyFileSync(from.keyFile, key)
      }
      install(first)
      const program = await serve(['--tls-cert', cert, '--tls-key', key])
      expect(program.url).toMatch(/^wss:/)
      const port = Number(new URL(program.url).port)
      const subject = async (): Promise<string> => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        const { CN } = socket.getPeerCertificate().subject
        socket.destroy()
        return String(CN)
      }
      expect(await subject()).toBe('first')
      const ws = new WebSocket(program.url, { ca: first.cert })
      await once(ws, 'message')
      install(second)
      program.child.kill('SIGHUP')
      await program.until('certificate read again', 'stderr')
      expect(await subject()).toBe('second')
      copyFileSync(first.keyFile, key)
      program.child.kill('SIGHUP')
      await program.until('certificate not read', 'stderr')
      expect(await subject()).toBe('second')
      expect(ws.readyState).toBe(WebSocket.OPEN)
      ws.terminate()
      const broken = start([
        '--port',
        '0',
        '--data',
        join(folder.path, 'x'),
        '--tls-cert',
        cert,
        '--tls-key',
        key,
      ])
      expect(await broken.ended).toBe(1)
      expect(broken.out.stderr).toContain('[relay/bad-tls]')
      expect(broken.out.stderr).not.toContain((await readFile(key, 'utf8')).split('\n')[1])
    },
  )
})
