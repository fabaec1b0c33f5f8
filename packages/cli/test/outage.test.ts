// The relay goes away and comes back: nothing is claimed that is not true, nothing is lost.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Relay, startRelay } from '@hyphae/relay'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fastClock, hyphae, objects, ok, start } from './support.js'

const clock = fastClock(20)
let folder: string
let relay: Relay
let ben: string
const at = (name: string): string => join(folder, name)
const restart = async (): Promise<void> => {
  relay = await startRelay({ data: at('relay'), port: relay.port })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hyphae-cli-'))
  relay = await startRelay({ data: at('relay') })
  await ok(['init', '--home', at('ada'), '--relay', relay.url])
  ben = await ok(['init', '--home', at('ben'), '--relay', relay.url])
  await ok(['send', '--home', at('ada'), ben, 'we have met'])
})
afterAll(async () => {
  await relay.close()
  await rm(folder, { recursive: true })
})

it('send says that it is queued, and the next one sends both in order', async () => {
  await relay.close()
  const run = await hyphae(['send', '--home', at('ada'), ben, 'first', '--timeout', '5'], { clock })
  expect(run).toMatchObject({ code: 1, stdout: expect.stringMatching(/^[0-9a-f]{32} queued\n$/) })
  expect(run.stderr).toContain('(seconds: 5) [cli/not-stored]\n  It stays queued')
  const silent = await ok(['send', '--home', at('ada'), ben, 'second', '--wait', 'queued'], { clock })
  expect(silent).toMatch(/ queued$/)
  await restart()
  await ok(['send', '--home', at('ada'), ben, 'third'])
  const heard = await objects(['listen', '--home', at('ben'), '--count', '4'])
  const texts = heard.flatMap(({ type, text }) => (type === 'message' ? [text] : []))
  expect(texts).toEqual(['we have met', 'first', 'second', 'third'])
})

it('an interrupted send says so and keeps the message', async () => {
  await relay.close()
  const sending = start(['send', '--home', at('ada'), ben, 'interrupted'])
  setTimeout(sending.stop, 300)
  const run = await sending.ended
  expect(run).toMatchObject({ code: 1, stdout: expect.stringMatching(/ queued\n$/) })
  expect(run.stderr).toContain('[cli/interrupted]')
  await restart()
  await ok(['send', '--home', at('ada'), ben, 'and on'])
  const heard = await ok(['listen', '--home', at('ben'), '--count', '2'])
  expect(heard).toMatch(/ {2}interrupted\n.*\n {2}and on$/)
})

it('listen says that no relay answers, and saves a file when one is back', async () => {
  const path = at('seeds.csv')
  await writeFile(path, 'apple;pear')
  await ok(['send', '--home', at('ada'), ben, '--file', path])
  const earlier = start(['listen', '--home', at('ben'), '--save', at('seeds.csv')], { clock })
  expect((await earlier.ended).stderr).toContain('[cli/cannot-save]')
  await relay.close()
  const listening = start(['listen', '--home', at('ben'), '--save', at('files'), '--count', '1'], { clock })
  await listening.until('No relay answers yet', 'stderr')
  await listening.until('seeds.csv: The relay cannot be reached. Trying again.', 'stderr')
  await restart()
  const { code, stdout } = await listening.ended
  expect(code).toBe(0)
  expect(stdout).toContain(`saved as ${at('files')}/seeds.csv]`)
})

it('a file that no relay took is queued, and goes when one is back', async () => {
  const path = at('plan.txt')
  await writeFile(path, 'three rows of plum')
  await relay.close()
  const run = await hyphae(['send', '--home', at('ada'), ben, '--file', path, '--timeout', '5'], { clock })
  expect(run).toMatchObject({ code: 1, stdout: expect.stringMatching(/^[0-9a-f]{32} queued\n$/) })
  await restart()
  const sending = start(['listen', '--home', at('ada')])
  const heard = await ok(['listen', '--home', at('ben'), '--save', at('plans'), '--count', '1'])
  expect(heard).toContain(`saved as ${at('plans')}/plan.txt]`)
  sending.stop()
  await sending.ended
})
