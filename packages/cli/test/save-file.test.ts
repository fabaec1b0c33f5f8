import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { numbered, saveFile } from '../src/save-file.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-cli-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function* pieces(...texts: (string | Error)[]) {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield Buffer.from(text)
  }
}

it('a source that fails at its last piece leaves no file', async () => {
  const broken = new Error('the last piece is not what was sealed')
  const saving = saveFile(folder, { name: 'a.txt', id: '1', pieces: pieces('half', broken) })
  await expect(saving).rejects.toBe(broken)
  expect(await readdir(folder)).toEqual([])
})

it('a draft that a kill left behind is replaced, a link in its place not followed', async () => {
  const victim = join(folder, 'victim')
  await writeFile(victim, 'untouched')
  await symlink(victim, join(folder, '.hyphae-1.part'))
  const path = await saveFile(folder, { name: 'a.txt', id: '1', pieces: pieces('who', 'le') })
  expect(await readFile(path, 'utf8')).toBe('whole')
  expect(await readFile(victim, 'utf8')).toBe('untouched')
  expect((await readdir(folder)).sort()).toEqual(['a.txt', 'victim'])
})

it('two files of one name, saved at once, are both there', async () => {
  const save = (id: string) => saveFile(folder, { name: 'a.txt', id, pieces: pieces(id) })
  const saved = await Promise.all(['1', '2', '3'].map(save))
  expect(new Set(saved).size).toBe(3)
  expect((await readdir(folder)).sort()).toEqual(['a (2).txt', 'a (3).txt', 'a.txt'])
  for (const [at, path] of saved.entries()) expect(await readFile(path, 'utf8')).toBe(String(at + 1))
})

it('the number stands before the extension, and no name outgrows a file system', () => {
  expect(numbered('photo.jpg', 1)).toBe('photo.jpg')
  expect(numbered('photo.jpg', 2)).toBe('photo (2).jpg')
  expect(numbered('archive.tar.gz', 3)).toBe('archive.tar (3).gz')
  expect(numbered('README', 2)).toBe('README (2)')
  const long = numbered(`${'é'.repeat(125)}.jpeg`, 12)
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(255)
  expect(long).toMatch(/^é+ \(12\)\.jpeg$/)
})
