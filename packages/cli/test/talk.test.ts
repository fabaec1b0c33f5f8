// Two homes over a real relay: texts, files, receipts, and what is printed of them.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hyphae, objects, ok, start, type World, world } from './support.js'

let w: World
let ada: { home: string; account: string }
let ben: { home: string; account: string }
beforeAll(async () => {
  w = await world()
  ada = await w.home('ada')
  ben = await w.home('ben', '--handle', 'Ben@Example.com')
})
afterAll(() => w.close())

const tell = (...words: string[]) => ok(['send', '--home', ada.home, ben.account, ...words])
const hear = (count: number, ...options: string[]) =>
  ok(['listen', '--home', ben.home, '--count', String(count), ...options])

/** Characters that a terminal would obey, but for the newline. */
function obeyed(text: string): string[] {
  const codes = [...text].map((character) => character.codePointAt(0) as number)
  const found = codes.filter(
    (at) => (at < 0x20 && at !== 0x0a) || (at >= 0x7f && at <= 0x9f) || at === 0x202e,
  )
  return found.map((at) => at.toString(16))
}

describe('whoami', () => {
  it('tells in words and as JSON what init made', async () => {
    const [me] = await objects(['whoami', '--home', ben.home])
    expect(me).toMatchObject({
      type: 'account',
      account: ben.account,
      handles: ['ben@example.com'],
      relays: [w.relay.url],
      lock: 'key',
    })
    expect(await ok(['whoami', '--home', ben.home])).toContain(`account  ${ben.account}\n`)
  })

  it('finds the home by HYPHAE_HOME and below HOME', async () => {
    expect(await ok(['whoami'], { env: { HYPHAE_HOME: ada.home } })).toContain(ada.account)
    const run = await hyphae(['whoami'], { env: { HOME: w.folder } })
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toContain(join(w.folder, '.hyphae'))
  })
})

describe('send and listen', () => {
  it('a text of several words arrives, from whom it says', async () => {
    expect(await tell('hello', 'Ben')).toMatch(/^[0-9a-f]{32} stored$/)
    const lines = (await hear(1)).split('\n')
    expect(lines[0]).toMatch(new RegExp(`^${ada.account} {2}\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d$`))
    expect(lines.slice(1)).toEqual(['  hello Ben'])
  })

  it('goes on where the last listen stopped', async () => {
    await tell('one')
    await tell('two')
    await tell('three')
    expect(await hear(1)).toContain('  one')
    expect(await hear(2)).toMatch(/ {2}two\n.*\n {2}three/)
  })

  it('stdin is sent as it is, but for the last newline; -- lets a text begin with a hyphen', async () => {
    const stdin = (async function* () {
      yield Buffer.from('zwei\nZeil')
      yield 'en ✓\n'
    })()
    await ok(['send', '--home', ada.home, ben.account, '-'], { stdin })
    await tell('--', '-5 °C')
    const heard = await objects(['listen', '--home', ben.home, '--count', '2'])
    expect(heard.filter(({ type }) => type === 'message').map(({ text }) => text)).toEqual([
      'zwei\nZeilen ✓',
      '-5 °C',
    ])
  })

  it('waits until the message was read, and listen says so unless told not to', async () => {
    const listening = start(['listen', '--home', ben.home, '--json'])
    await listening.until('Listening', 'stderr')
    const [sent] = await objects(['send', '--home', ada.home, ben.account, 'read me', '--wait', 'read'])
    expect(sent).toMatchObject({ type: 'sent', state: 'read', id: expect.stringMatching(/^[0-9a-f]{32}$/) })
    listening.stop()
    const run = await listening.ended
    expect(run.code).toBe(0)
    expect(run.stdout).toContain('"text":"read me"')

    const quiet = start(['listen', '--home', ben.home, '--no-read'])
    await quiet.until('Listening', 'stderr')
    const unread = ['send', '--home', ada.home, ben.account, 'psst', '--wait', 'read', '--timeout', '1']
    const late = await hyphae(unread)
    expect(late).toMatchObject({ code: 1, stdout: expect.stringMatching(/ delivered\n$/) })
    expect(late.stderr).toContain('[cli/not-confirmed]')
    quiet.stop()
    expect((await quiet.ended).code).toBe(0)
  })

  it('no received text reaches the terminal as a command, or looks like a line of ours', async () => {
    const nasty = `\u001b[2J\u009b31m\u202egnp.exe\n${ada.account}  2026-01-01 00:00\r\n  forged\u0007`
    await tell(nasty)
    await tell(nasty)
    const shown = await hear(1)
    expect(obeyed(shown)).toEqual([])
    expect(shown.split('\n').slice(1)).toEqual([
      '  ␛[2J�31m�gnp.exe',
      `  ${ada.account}  2026-01-01 00:00`,
      '    forged␇',
    ])
    const json = await ok(['listen', '--home', ben.home, '--count', '1', '--json'])
    expect(obeyed(json)).toEqual([])
    expect((JSON.parse(json) as { text: string }).text).toBe(nasty)
  })
})

describe('files', () => {
  it('are saved whole under their name, never over another file, and leave no draft behind', async () => {
    const photo = crypto.getRandomValues(new Uint8Array(50_000))
    const path = join(w.folder, 'photo.jpg')
    const folder = join(w.folder, 'saved')
    await writeFile(path, photo)
    await mkdir(folder)
    await writeFile(join(folder, 'photo.jpg'), 'mine')
    await tell('--file', path)
    await tell('--file', path)
    const heard = await objects(['listen', '--home', ben.home, '--count', '2', '--save', folder])
    const files = heard.flatMap(({ file }) => (file ? [file as { saved: string }] : []))
    expect(files[0]).toMatchObject({ name: 'photo.jpg', size: 50_000, saved: join(folder, 'photo (2).jpg') })
    expect((await readdir(folder)).sort()).toEqual(['photo (2).jpg', 'photo (3).jpg', 'photo.jpg'])
    expect(await readFile(join(folder, 'photo.jpg'), 'utf8')).toBe('mine')
    for (const file of files) expect(new Uint8Array(await readFile(file.saved))).toEqual(photo)
  })

  it('that nobody asked to save are named, with what to do', async () => {
    const path = join(w.folder, 'empty.txt')
    await writeFile(path, '')
    await tell('--file', path)
    expect(await hear(1)).toContain('[file empty.txt, 0 B, not saved: listen with --save DIR to keep files]')
  })

  it('that cannot be written end listen, and are offered again', async () => {
    const path = join(w.folder, 'notes.txt')
    await writeFile(path, 'notes')
    await tell('--file', path)
    // A folder cannot be made below a file.
    const failed = await hyphae(['listen', '--home', ben.home, '--count', '1', '--save', join(path, 'below')])
    expect(failed).toMatchObject({ code: 1, stdout: '' })
    expect(failed.stderr).toContain('[cli/cannot-save]')
    const folder = join(w.folder, 'again')
    const again = await hear(1, '--save', folder)
    expect(again).toContain('(shown before)')
    expect(await readFile(join(folder, 'notes.txt'), 'utf8')).toBe('notes')
  })

  it('must exist', async () => {
    const run = await hyphae(['send', '--home', ada.home, ben.account, '--file', w.folder])
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toContain('[cli/not-a-file]')
  })
})

describe('one home, two commands', () => {
  it('the second is told to wait for the first; whoami needs no lock', async () => {
    const listening = start(['listen', '--home', ben.home])
    await listening.until('Listening', 'stderr')
    const run = await hyphae(['send', '--home', ben.home, ada.account, 'hi'])
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(run.stderr).toMatch(/\[store\/locked\]\n {2}Another hyphae command uses this home/)
    expect(await ok(['whoami', '--home', ben.home])).toContain(ben.account)
    listening.stop()
    await listening.ended
  })

  it('the second waits for a first that is about to end', async () => {
    const listening = start(['listen', '--home', ben.home])
    await listening.until('Listening', 'stderr')
    const sending = hyphae(['send', '--home', ben.home, ada.account, 'hi'])
    await new Promise((done) => setTimeout(done, 200))
    listening.stop()
    expect(await sending).toMatchObject({ code: 0, stderr: '' })
    await listening.ended
  })
})
