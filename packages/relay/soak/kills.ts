// `npm run soak -- relay [kills]`: kills a relay at every point of put, commit, deliver and ack, and at random times;
// 500 kills unless told otherwise. Ends with 1 when anything acknowledged was lost or came back.
import process from 'node:process'
import { bundleChild } from '../test/support/bundle.js'
import { KILL_POINTS } from '../test/support/kill-points.js'
import { killRelays } from '../test/support/kill-run.js'
import { temporaryFolder } from '../test/support/relay.js'

const KILLS = 500
const NOTE_EVERY = 50

const kills = Number(process.argv[2] ?? KILLS)
const script = await bundleChild('killable')
const folder = await temporaryFolder()
const begun = performance.now()
const report = await killRelays(script, folder.path, kills, (done) => {
  if (done % NOTE_EVERY === 0) process.stdout.write(`${done} kills\n`)
})
await folder.remove()
const seconds = (performance.now() - begun) / 1000
process.stdout.write(`${JSON.stringify({ ...report, seconds: Math.round(seconds) }, null, 2)}\n`)
const missed = KILL_POINTS.filter((point) => (report.byPoint[point] ?? 0) === 0)
if (missed.length > 0) process.stdout.write(`never killed at: ${missed.join(', ')}\n`)
// The bundler leaves a process of its own behind, which would keep this one from ending.
process.exit(report.lost === 0 && report.returned === 0 && missed.length === 0 ? 0 : 1)
