import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { readSecret } from '../src/prompt.js'

function terminal() {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), { setRawMode: (raw: boolean) => modes.push(raw) })
  let shown = ''
  const screen = {
    write: (text: string) => {
      shown += text
    },
  }
  return { input, modes, screen, shown: () => shown }
}

it('reads a line without showing it, and gives the terminal back', async () => {
  const { input, modes, screen, shown } = terminal()
  const secret = readSecret(input, screen, 'Passphrase: ')
  const bytes = Buffer.from('pässX\u007f wort\r')
  for (const byte of bytes) input.write(Buffer.of(byte))
  expect(await secret).toBe('päss wort')
  expect(shown()).toBe('Passphrase: \n')
  expect(modes).toEqual([true, false])
  expect(input.listenerCount('data')).toBe(0)
})

it('Ctrl-U begins anew, Ctrl-C gives up, and nobody types for ever', async () => {
  const one = terminal()
  const secret = readSecret(one.input, one.screen, '')
  one.input.write('wrong\u0015right\n')
  expect(await secret).toBe('right')

  const two = terminal()
  const given = readSecret(two.input, two.screen, '')
  two.input.write('abc\u0003')
  await expect(given).rejects.toMatchObject({ code: 'cli/interrupted' })
  expect(two.modes).toEqual([true, false])

  const three = terminal()
  const endless = readSecret(three.input, three.screen, '')
  three.input.write('x'.repeat(5000))
  await expect(endless).rejects.toMatchObject({ code: 'cli/bad-passphrase' })
})
