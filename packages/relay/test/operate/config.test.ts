import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ConfigSources,
  flagOf,
  printedConfig,
  readConfig,
  variableOf,
} from '../../src/operate/config.js'
import { checkSettings, LIMIT_NAMES, SETTINGS } from '../../src/operate/settings.js'
import { temporaryFolder } from '../support/relay.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

const read = (sources: Partial<ConfigSources> = {}) =>
  readConfig({ flags: {}, env: {}, data: '/data', ...sources })

async function fileOf(content: unknown, name = 'relay.json'): Promise<string> {
  const path = join(folder.path, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

function refusal(run: () => unknown): Record<string, unknown> {
  try {
    run()
  } catch (error) {
    if (error instanceof Error && 'details' in error)
      return { ...(error.details as object), code: (error as { code?: string }).code }
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the settings of a relay program', () => {
  it('have defaults that serve this machine alone', () => {
    expect(read()).toEqual({
      data: '/data',
      host: '127.0.0.1',
      port: 7700,
      names: [],
      trustedProxies: [],
      rest: true,
      adminHost: '127.0.0.1',
      logLevel: 'info',
      engine: 'embedded',
      limits: {},
    })
  })

  it('come from arguments over environment over file', async () => {
    const config = await fileOf({
      port: 1,
      host: 'file',
      names: ['file.example'],
      limits: { connections: 1, watches: 1, openBoxes: 1 },
    })
    const env = {
      HYPHAE_RELAY_CONFIG: config,
      HYPHAE_RELAY_PORT: '2',
      HYPHAE_RELAY_HOST: '::1',
      HYPHAE_RELAY_REST: 'false',
      HYPHAE_RELAY_LIMIT_CONNECTIONS: '2',
      HYPHAE_RELAY_LIMIT_OPEN_BOXES: '2',
      PATH: 'anything',
    }
    const flags = { port: ['3'], limit: ['connections=3'] }
    expect(read({ flags, env })).toMatchObject({
      port: 3,
      host: '::1',
      names: ['file.example'],
      rest: false,
      limits: { connections: 3, watches: 1, openBoxes: 2 },
    })
  })

  it('take lists: repeated as arguments, with commas in the environment', () => {
    expect(
      read({ flags: { name: ['A.example', 'b.example'], 'trusted-proxy': ['10.0.0.0/8'] } }),
    ).toMatchObject({
      names: ['a.example', 'b.example'],
      trustedProxies: ['10.0.0.0/8'],
    })
    expect(
      read({ env: { HYPHAE_RELAY_NAMES: 'a.example, [2001:db8::1]', HYPHAE_RELAY_TRUSTED_PROXIES: '' } }),
    ).toMatchObject({
      names: ['a.example', '[2001:db8::1]'],
      trustedProxies: [],
    })
  })

  it('are relative to the file that names them', async () => {
    await mkdir(join(folder.path, 'etc'), { recursive: true })
    const config = await fileOf({ data: 'store', tlsCert: 'a.pem', tlsKey: '/b.pem' }, 'etc/relay.json')
    expect(read({ flags: { config: [config] } })).toMatchObject({
      data: join(folder.path, 'etc', 'store'),
      tlsCert: join(folder.path, 'etc', 'a.pem'),
      tlsKey: '/b.pem',
    })
  })

  it.each([
    [{ port: ['70000'] }, '--port', 'expected a whole number from 0 to 65535'],
    [{ port: ['80 '] }, '--port', 'expected a whole number from 0 to 65535'],
    [{ rest: ['yes'] }, '--rest', 'expected true or false'],
    [{ name: ['a.example', 'b.example:1'] }, '--name', 'expected host names without a port'],
    [
      { 'trusted-proxy': ['localhost'] },
      '--trusted-proxy',
      'expected IP addresses or networks such as 10.0.0.0/8',
    ],
    [{ engine: ['redis'] }, '--engine', 'expected one of embedded, nats, postgres'],
    [{ engine: ['nats'] }, 'natsUrl', 'needed by the engine nats'],
    [{ 'nats-url': ['http://x'] }, '--nats-url', 'expected a URL that begins with nats: or tls:'],
    [{ accept: ['work', 'gold'] }, '--accept', 'expected one of none, capability, token, work, payment'],
    [{ 'hop-peer': ['relay.example'] }, '--hop-peer', 'expected a URL that begins with ws: or wss:'],
    [{ 'push-contact': ['me'] }, '--push-contact', 'expected a URL that begins with mailto: or https:'],
    [{ 'tls-cert': ['a'] }, 'tlsKey', 'needed with tlsCert'],
    [{ limit: ['frames=1'] }, '--limit frames', 'there is no such setting'],
    [{ limit: ['connections=0'] }, '--limit connections', /^expected a whole number from 1 to/],
    [{ limit: ['expiryJitter=2'] }, '--limit expiryJitter', 'expected a number from 0 to 1'],
    [{ data: [''] }, '--data', 'expected a folder'],
  ])('refuse %j with the place and what was expected', (flags, setting, reason) => {
    expect(refusal(() => read({ flags }))).toMatchObject({
      code: 'relay/bad-setting',
      setting,
      reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    })
  })

  it('refuse what is misspelt, in the environment and in the file', async () => {
    expect(refusal(() => read({ env: { HYPHAE_RELAY_PROT: '1' } }))).toMatchObject({
      setting: 'HYPHAE_RELAY_PROT',
      reason: 'there is no such setting',
    })
    expect(refusal(() => read({ env: { HYPHAE_RELAY_LIMIT_CONNECTIONS: 'many' } }))).toMatchObject({
      setting: 'HYPHAE_RELAY_LIMIT_CONNECTIONS',
    })
    const config = await fileOf({ limits: { conections: 1 } })
    expect(refusal(() => read({ flags: { config: [config] } }))).toMatchObject({
      setting: `limits.conections in ${config}`,
      reason: 'there is no such setting',
    })
  })

  it.each([
    ['{"port":', 'is not JSON'],
    ['[]', 'expected an object'],
    ['{"limits":[]}', 'expected an object'],
    ['null', 'expected an object'],
    ['7', 'expected an object'],
    [' '.repeat(70_000), 'expected at most 65536 bytes'],
  ])('refuse a file that is none (%#)', async (text, reason) => {
    const config = await fileOf(text)
    const refused = refusal(() => read({ flags: { config: [config] } }))
    expect(refused).toMatchObject({ setting: expect.stringContaining(config), reason })
  })

  it('say which file is not there', () => {
    const config = join(folder.path, 'missing.json')
    expect(refusal(() => read({ flags: { config: [config] } }))).toMatchObject({
      setting: config,
      reason: 'cannot be read: ENOENT',
    })
  })

  it.each(['__proto__', 'constructor', 'toString', 'limits'])(
    'hostile 6: %s is a name like any other',
    (name) => {
      const value = JSON.parse(
        `{ "limits": { "${name}": { "polluted": 1 } }, "${name === 'limits' ? 'x' : name}": 1 }`,
      )
      expect(checkSettings(value)).toMatchObject({ reason: 'there is no such setting' })
      expect(({} as { polluted?: number }).polluted).toBeUndefined()
    },
  )

  it('hostile 49: secrets are no arguments, and are neither shown nor quoted', async () => {
    const secret = 'correct-horse'
    const url = `postgres://relay:${secret}@db.example/relay`
    for (const flags of [{ 'postgres-url': [url] }, { 's3-secret-key': [secret] }]) {
      const refused = refusal(() => read({ flags }))
      expect(JSON.stringify(refused)).not.toContain(secret)
      expect(refused.reason).toContain('a secret is no argument')
    }
    const env = {
      HYPHAE_RELAY_ENGINE: 'postgres',
      HYPHAE_RELAY_POSTGRES_URL: url,
      HYPHAE_RELAY_S3_ENDPOINT: 'https://s3.example',
      HYPHAE_RELAY_S3_BUCKET: 'blobs',
      HYPHAE_RELAY_S3_ACCESS_KEY: 'id',
      HYPHAE_RELAY_S3_SECRET_KEY: secret,
    }
    const config = read({ env })
    expect(config.postgresUrl).toBe(url)
    const shown = printedConfig(config)
    expect(shown).toMatchObject({
      postgresUrl: 'postgres://relay:redacted@db.example/relay',
      s3SecretKey: '[redacted]',
      s3AccessKey: 'id',
    })
    expect(JSON.stringify(shown)).not.toContain(secret)
    const bad = await fileOf(`{ "s3SecretKey": "${secret}", }`)
    expect(JSON.stringify(refusal(() => read({ flags: { config: [bad] } })))).not.toContain(secret)
  })

  it('have names of their own in every source', () => {
    expect(new Set(SETTINGS.map(flagOf)).size).toBe(SETTINGS.length)
    expect(new Set(SETTINGS.map(({ name }) => variableOf(name))).size).toBe(SETTINGS.length)
    expect(SETTINGS.map(flagOf)).toEqual(
      expect.arrayContaining(['tls-cert', 'name', 'trusted-proxy', 's3-endpoint']),
    )
    expect(variableOf('s3SecretKey')).toBe('HYPHAE_RELAY_S3_SECRET_KEY')
    expect(LIMIT_NAMES).toContain('framesPerBox')
  })

  it('never throw anything but a refusal, whatever a file holds', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const result = checkSettings(value)
        if ('reason' in result) expect(typeof result.reason).toBe('string')
        else expect(typeof value).toBe('object')
      }),
      { numRuns: 300 },
    )
  })
})
