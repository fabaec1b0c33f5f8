// What is said when the command line, the home or the network is wrong.
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEAD_RELAY, fastClock, hyphae, ok } from './support.js'

const ACCOUNT = 'hyphae1ar4dvl0v60xkx4wfup5wnf8yx5ngxa3j5lt554pnkpjujh43n9hq0l5vmz'
const COMMANDS = ['init', 'whoami', 'send', 'listen', 'group', 'relay']
const clock = fastClock(50)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('help and version', () => {
  it('the help lists every command', async () => {
    const help = await ok(['--help'])
    for (const name of COMMANDS) expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    expect(await hyphae([])).toEqual({ code: 2, stdout: '', stderr: `${help}\n` })
  })

  it.each(COMMANDS)('hyphae %s --help shows how it is used, in lines of 100 columns', async (name) => {
    const help = await ok([name, '--help'])
    expect(help.startsWith(`hyphae ${name}`)).toBe(true)
    expect(help).toContain('--home DIR')
    expect(help.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(await ok(['--help', name])).toBe(help)
  })

  it.each([[], ...COMMANDS.map((name) => [name])])('the version is the package’s: %s', async (...words) => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    expect(await ok([...words, '--version'])).toBe(version)
  })
})

describe('a wrong command line exits with 2 and says what is wrong', () => {
  it.each([
    [['snd'], 'There is no command "snd"'],
    [['toString'], 'There is no command'],
    [['--frob'], "Unknown option '--frob'"],
    [['init'], 'Name at least one relay'],
    [['init', 'secret', '--relay', 'ws://x'], 'init takes no words'],
    [['whoami', 'me'], 'whoami takes no words'],
    [['send'], 'Name the account'],
    [['send', 'bob', 'hi'], 'WHO is an account id'],
    [['send', ACCOUNT], 'There is nothing to send'],
    [['send', ACCOUNT, '-'], 'There is nothing to send'],
    [['send', ACCOUNT, 'hi', '--file', '/etc/hosts'], 'not both'],
    [['send', ACCOUNT, 'hi', '--wait', 'forever'], '--wait takes one of: queued, stored, delivered, read.'],
    [['send', ACCOUNT, 'hi', '--timeout', '0'], '--timeout takes a whole number from 1'],
    [['send', ACCOUNT, 'hi', '--home='], '--home needs a value'],
    [['listen', '--count', '1.5'], '--count takes a whole number'],
    [['listen', 'x'], 'listen takes no words'],
    [['group'], 'Say what to do: create, list'],
    [['group', 'create'], 'Give the group a name'],
    [['group', 'create', 'x', 'bob'], '"bob" is not an account id'],
    [['group', 'add', 'abc'], 'the accounts to add'],
    [['group', 'list', '--file', 'x'], 'belong to `hyphae group send`'],
    [['group', 'send', 'abc', 'hi', '--wait', 'read'], '--wait takes one of: queued, stored.'],
    [['relay', '--port', '70000'], '--port: expected a whole number from 0 to 65535'],
  ])('%j', async (args, said) => {
    const run = await hyphae(args)
    expect(run).toMatchObject({ code: 2, stdout: '' })
    expect(run.stderr).toContain(said)
    expect(run.stderr).toContain('--help says more.')
    expect(run.stderr).not.toContain('    at ')
  })

  it('shows the form that was meant', async () => {
    const { stderr } = await hyphae(['group', 'add', 'abc'])
    expect(stderr).toContain('hyphae group add ID ACCOUNT…')
    expect(stderr).not.toContain('hyphae group create')
  })
})

describe('a home', () => {
  it('is asked for where there is none', async () => {
    for (const args of [['whoami'], ['send', ACCOUNT, 'hi'], ['listen'], ['group', 'list']]) {
      const run = await hyphae([...args, '--home', join(folder, 'nowhere')])
      expect(run).toMatchObject({ code: 1, stdout: '' })
      expect(run.stderr).toContain('[cli/no-home]\n  Create one with `hyphae init --relay URL`')
    }
  })

  it('is made offline, for its owner alone, and never twice', async () => {
    const home = join(folder, 'offline')
    const run = await hyphae(['init', '--home', home, '--relay', DEAD_RELAY, '--json'], { clock })
    expect(run.code).toBe(0)
    expect(JSON.parse(run.stdout)).toMatchObject({ published: false, relays: [DEAD_RELAY] })
    expect(run.stderr).toContain(`Not published yet: ${DEAD_RELAY} did not answer.`)
    expect((await stat(home)).mode & 0o777).toBe(0o700)
    expect((await stat(join(home, 'key'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home, 'config.json'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(home, 'store'))).mode & 0o777).toBe(0o700)
    const before = await readFile(join(home, 'config.json'), 'utf8')
    const again = await hyphae(['init', '--home', home, '--relay', DEAD_RELAY])
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain('[cli/home-exists]')
    expect(await readFile(join(home, 'config.json'), 'utf8')).toBe(before)
  })

  it('that init did not finish is taken up again with the same account', async () => {
    const home = join(folder, 'unfinished')
    const account = await ok(['init', '--home', home, '--relay', DEAD_RELAY], { clock })
    await rm(join(home, 'config.json'))
    expect(await ok(['init', '--home', home, '--relay', DEAD_RELAY], { clock })).toBe(account)
  })

  it('is not begun with a relay or a handle that cannot be', async () => {
    const home = join(folder, 'never')
    const url = await hyphae(['init', '--home', home, '--relay', 'localhost:7700'])
    expect(url.code).toBe(1)
    expect(url.stderr).toContain('[relay-carrier/bad-url]\n  Write it as ws://host:port or wss://host.')
    const handle = await hyphae(['init', '--home', home, '--relay', DEAD_RELAY, '--handle', 'ada'])
    expect(handle.code).toBe(1)
    expect(handle.stderr).toContain('[identity/bad-handle]')
    expect(await readdir(folder)).not.toContain('never')
  })
})

describe('a damaged home', () => {
  let home: string
  let config: Record<string, unknown>
  let key: string
  beforeAll(async () => {
    home = join(folder, 'damaged')
    await ok(['init', '--home', home, '--relay', DEAD_RELAY], { clock })
    config = JSON.parse(await readFile(join(home, 'config.json'), 'utf8'))
    key = await readFile(join(home, 'key'), 'utf8')
  })

  const listenWith = async (written: string) => {
    await writeFile(join(home, 'config.json'), written)
    return hyphae(['listen', '--home', home])
  }

  it.each([
    ['', 'not a JSON object'],
    ['{"version":1', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    ['{}', 'field: version'],
    [{ version: '1' }, 'field: version'],
    [{ account: 'hyphae1abc' }, 'field: account'],
    [{ device: 7 }, 'field: device'],
    [{ lock: 'none' }, 'field: lock'],
    [{ relays: [] }, 'field: relays'],
    [{ relays: ['http://x'] }, 'field: relays'],
    [{ relays: Array(9).fill(DEAD_RELAY) }, 'field: relays'],
    [{ handles: 'ada@example.com' }, 'field: handles'],
    [{ handles: ['ada'] }, 'field: handles'],
    [{ colour: 'blue' }, 'unknown field'],
    [' '.repeat(65 * 1024), 'field: size'],
  ])('config.json with %j is refused', async (change, said) => {
    const run = await listenWith(
      typeof change === 'string' ? change : JSON.stringify({ ...config, ...change }),
    )
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toContain('[cli/bad-config]')
    expect(run.stderr).toContain(said)
  })

  it('config.json of a newer version, or of another account, is refused', async () => {
    expect((await listenWith(JSON.stringify({ version: 2 }))).stderr).toContain('[cli/newer-config]')
    await writeFile(join(home, 'config.json'), JSON.stringify({ ...config, account: ACCOUNT }))
    const run = await hyphae(['listen', '--home', home], { clock })
    expect(run.code).toBe(1)
    expect(run.stderr).toContain('[cli/other-account]')
  })

  it('a missing, damaged or foreign key file is told apart', async () => {
    await writeFile(join(home, 'config.json'), JSON.stringify(config))
    const listenWithKey = async (text: string | undefined) => {
      await rm(join(home, 'key'), { force: true })
      if (text !== undefined) await writeFile(join(home, 'key'), text)
      return (await hyphae(['listen', '--home', home])).stderr
    }
    expect(await listenWithKey(undefined)).toContain('[cli/no-key-file]')
    expect(await listenWithKey('abc')).toContain('[cli/bad-key-file]')
    expect(await listenWithKey('00'.repeat(32))).toContain('[store/wrong-key]')
    await writeFile(join(home, 'key'), key)
    await chmod(join(home, 'key'), 0o600)
    expect(await ok(['group', 'list', '--home', home], { clock })).toBe('')
  })
})

describe('a passphrase', () => {
  it('is asked for twice, kept nowhere, and a wrong one is told', async () => {
    const home = join(folder, 'locked')
    const asked: string[] = []
    const answers = ['open sesame', 'open sesame', 'open says me', 'open sesame']
    const readSecret = async (prompt: string) => {
      asked.push(prompt)
      return answers[asked.length - 1] ?? ''
    }
    await ok(['init', '--home', home, '--relay', DEAD_RELAY, '--passphrase'], { clock, readSecret })
    expect((await readdir(home)).sort()).toEqual(['config.json', 'store'])
    const wrong = await hyphae(['group', 'list', '--home', home], { readSecret })
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(wrong.stderr).toContain('[store/wrong-key]\n  Check the passphrase')
    await ok(['group', 'list', '--home', home], { clock, readSecret })
    expect(asked).toEqual(['Passphrase: ', 'Again: ', 'Passphrase: ', 'Passphrase: '])
    await ok(['group', 'list', '--home', home], { clock, env: { HYPHAE_PASSPHRASE: 'open sesame' } })
    const nobody = await hyphae(['group', 'list', '--home', home])
    expect(nobody.stderr).toContain('[cli/no-passphrase]\n  Set HYPHAE_PASSPHRASE')
  })

  it('must be typed the same twice and not be empty', async () => {
    const args = ['init', '--home', join(folder, 'unlocked'), '--relay', DEAD_RELAY, '--passphrase']
    const typed = ['a', 'b']
    const run = await hyphae(args, { readSecret: async () => typed.shift() ?? '' })
    expect(run.stderr).toContain('the two differ')
    const empty = await hyphae(args, { env: { HYPHAE_PASSPHRASE: '' } })
    expect(empty.stderr).toContain('[cli/bad-passphrase]')
  })
})

describe('without a relay', () => {
  it('send says that the account cannot be looked up, listen that nobody answers', async () => {
    const home = join(folder, 'alone')
    await ok(['init', '--home', home, '--relay', DEAD_RELAY], { clock })
    const run = await hyphae(['send', '--home', home, ACCOUNT, 'hi'], { clock })
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toContain('[relay-carrier/unreachable]\n  Check the network')
  })

  it('a text that is too long or is none is refused before anything is opened', async () => {
    const args = ['send', '--home', join(folder, 'nowhere'), ACCOUNT]
    const long = await hyphae([...args, 'é'.repeat(10_001)])
    expect(long.stderr).toContain('[cli/text-too-long]\n  Send it as a file')
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(10_000, 'x')
    })()
    expect((await hyphae([...args, '-'], { stdin: endless })).stderr).toContain('[cli/text-too-long]')
    const binary = (async function* () {
      yield Uint8Array.of(0xff, 0xfe)
    })()
    expect((await hyphae([...args, '-'], { stdin: binary })).stderr).toContain('[cli/bad-text]')
  })
})

describe('HYPHAE_DEBUG', () => {
  it('alone shows stacks', async () => {
    const args = ['whoami', '--home', join(folder, 'nowhere')]
    expect((await hyphae(args)).stderr).not.toContain('    at ')
    expect((await hyphae(args, { env: { HYPHAE_DEBUG: '1' } })).stderr).toContain('    at ')
  })
})
