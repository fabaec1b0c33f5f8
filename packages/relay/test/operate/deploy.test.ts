// The files an operator copies name what the program knows.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { RELAY_OPTIONS } from '../../src/operate/command.js'
import { readConfig, variableOf } from '../../src/operate/config.js'
import { SETTINGS } from '../../src/operate/settings.js'

const path = (name: string): string => fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url))
const text = (name: string): string => readFileSync(path(name), 'utf8')
const analyzes = spawnSync('systemd-analyze', ['--version']).status === 0

describe('deploy/', () => {
  const config = readConfig({ flags: { config: [path('relay.json')] }, env: {}, data: '/data' })

  it('relay.json is a configuration that listens behind a proxy', () => {
    expect(config).toMatchObject({ host: '127.0.0.1', names: ['relay.example'], adminHost: '127.0.0.1' })
    expect(config.trustedProxies.length).toBeGreaterThan(0)
  })

  it('the unit starts the program with options it has, and waits for as long as it may take', () => {
    const unit = text('hyphae-relay.service')
    const start = /^ExecStart=.*$/m.exec(unit)?.[0] ?? ''
    const options = [...start.matchAll(/--([a-z0-9-]+)/g)].map(([, name]) => name as string)
    expect(options).toEqual(['data', 'config'])
    for (const option of options) expect(Object.keys(RELAY_OPTIONS)).toContain(option)
    const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])
    const longest = (config.limits.drainDelayMs ?? 0) + 5_000 + 10_000
    expect(seconds * 1000).toBeGreaterThan(longest)
  })

  it.skipIf(!analyzes)('the unit is one, and leaves little open', () => {
    const unit = path('hyphae-relay.service')
    execFileSync('systemd-analyze', ['verify', unit])
    const report = execFileSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' })
    const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1])
    expect(exposure).toBeLessThan(2)
  })

  it('the container file sets what there is, and runs as nobody special', () => {
    const file = text('Containerfile')
    const named = [...file.matchAll(/\b(HYPHAE_RELAY_[A-Z0-9_]+)=/g)].map(([, name]) => name as string)
    const known = SETTINGS.map(({ name }) => variableOf(name))
    expect(named.length).toBeGreaterThanOrEqual(4)
    for (const name of named) expect(known).toContain(name)
    const instructions = file
      .split(/(?<!\\)\n/)
      .map((line) => line.trim())
      .filter((line) => /^[A-Z]+ /.test(line))
    const verbs = instructions.map((line) => line.split(' ')[0])
    expect(verbs.indexOf('USER')).toBeGreaterThan(verbs.lastIndexOf('RUN'))
    expect(verbs.slice(-2)).toEqual(['STOPSIGNAL', 'ENTRYPOINT'])
  })

  it.each(['Caddyfile', 'nginx.conf'])(
    '%s leads to the port of relay.json and keeps the host name',
    (name) => {
      expect(text(name)).toContain(`127.0.0.1:${config.port}`)
      expect(text(name)).toContain(config.names[0])
    },
  )
})
