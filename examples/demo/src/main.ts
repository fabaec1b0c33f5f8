// The demo: a relay and three nodes, each a process of its own, through the bad day of a messenger.
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { searchFor } from './leaks.js'
import { kill, type NodeProcess, type RelayProcess, startNode, startRelayProcess } from './process.js'
import type { Report } from './protocol.js'
import { readTraffic } from './traffic.js'
import { bar, breakBar, chapter, held, killed, note, said, short, size, title } from './view.js'

const BIG_FILE_BYTES = 5 * 1024 * 1024
const FRAME_SIZES = [128, 512, 2048, 4096]
const README = fileURLToPath(new URL('../../../README.md', import.meta.url))

const folder = await mkdtemp(join(tmpdir(), 'hyphae-demo-'))
const relayFolder = join(folder, 'relay')
const wireFolder = join(folder, 'wire')
const spoken: string[] = []
const started = performance.now()
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
await mkdir(wireFolder)

type Message = Extract<Report, { report: 'message' }>
type FileReport = Extract<Report, { report: 'file' }>

const isText =
  (text: string) =>
  (report: Report): report is Message =>
    report.report === 'message' && report.text === text
const isFile = (report: Report): report is FileReport => report.report === 'file'

/** Every plaintext of the demo, so that the relay can be searched for it at the end. */
function words(text: string): string {
  spoken.push(text)
  return text
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`The demo failed: ${what}`)
  held(what)
}

const open = (name: string, relay: RelayProcess): Promise<NodeProcess> =>
  startNode([
    relay.url,
    join(folder, name.toLowerCase()),
    `a passphrase that only ${name} knows`,
    `${name.toLowerCase()}@example.com`,
  ])

async function tell(
  from: NodeProcess,
  who: string,
  to: NodeProcess,
  whom: string,
  text: string,
): Promise<string> {
  const place = to.reports.length
  const id = (await from.ask({ do: 'send', to: to.id, text: words(text) })) as string
  said(who, `“${text}”`)
  await to.until(isText(text), place)
  said(whom, `reads it, from ${short(from.id)}`)
  return id
}

async function close(node: NodeProcess): Promise<void> {
  const exited = new Promise((done) => node.child.once('exit', done))
  await node.ask({ do: 'close' })
  await exited
}

async function state(node: NodeProcess, id: string, wanted: string): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const now = (await node.ask({ do: 'status', id })) as string
    if (now === wanted) return now
    await new Promise((done) => setTimeout(done, 50))
  }
  return (await node.ask({ do: 'status', id })) as string
}

title('Hyphae', 'a relay and three nodes, each a process of its own, with encrypted stores on disk')

let relay = await startRelayProcess(relayFolder, 0, join(wireFolder, 'log'))
said('relay', `listens on ${relay.url}`)
const ada = await open('Ada', relay)
let ben = await open('Ben', relay)
let cleo = await open('Cleo', relay)
for (const [who, node] of [
  ['Ada', ada],
  ['Ben', ben],
  ['Cleo', cleo],
] as const)
  said(who, node.id)

chapter(1, 'Two people talk')
const first = await tell(ada, 'Ada', ben, 'Ben', 'Shall we plant the orchard on Saturday?')
await tell(ben, 'Ben', ada, 'Ada', 'Yes. Bring the long spade.')
check((await state(ada, first, 'delivered')) === 'delivered', 'Ada knows that her message was delivered')

chapter(2, 'Cleo is offline')
await close(cleo)
said('Cleo', 'goes offline')
const waiting = await ada.ask({ do: 'send', to: cleo.id, text: words('Cleo, we meet at the well at nine.') })
said('Ada', '“Cleo, we meet at the well at nine.”')
check(
  (await state(ada, waiting as string, 'stored')) === 'stored',
  'the relay keeps it, and Ada knows no more than that',
)
cleo = await open('Cleo', relay)
await cleo.until(isText('Cleo, we meet at the well at nine.'))
said('Cleo', 'comes back and reads it')
check(
  (await state(ada, waiting as string, 'delivered')) === 'delivered',
  'now Ada knows that it was delivered',
)

chapter(3, 'A group of three')
const joined = (report: Report): report is Extract<Report, { report: 'joined' }> => report.report === 'joined'
const group = (await ada.ask({ do: 'create-group', name: 'Orchard', members: [ben.id, cleo.id] })) as string
await Promise.all([ben.until(joined), cleo.until(joined)])
said('Ada', 'creates “Orchard”; Ben and Cleo join from a Welcome')
await groupSays(ben, 'Ben', 'I have twelve young apple trees.', [ada, cleo])
const left = (report: Report): report is Extract<Report, { report: 'left' }> => report.report === 'left'
await ada.ask({ do: 'remove', group, member: cleo.id })
await cleo.until(left)
said('Ada', 'removes Cleo')
await groupSays(ada, 'Ada', 'Just the two of us: a surprise for Cleo.', [ben])
const before = cleo.reports.length
await ada.ask({ do: 'add', group, member: cleo.id })
await cleo.until(joined, before)
said('Ada', 'adds Cleo again')
await groupSays(cleo, 'Cleo', 'What did I miss?', [ada, ben])
check(
  !cleo.reports.some(isText('Just the two of us: a surprise for Cleo.')),
  'Cleo never read what was said without her',
)

chapter(4, 'Ben is killed between receiving and acknowledging')
await ben.ask({ do: 'die-before-ack' })
const death = new Promise((done) => ben.child.once('exit', done))
await ada.ask({ do: 'send', to: ben.id, text: words('Mind the wasps in the shed.') })
said('Ada', '“Mind the wasps in the shed.”')
await death
killed('Ben', 'his store has the message; the relay never heard so')
ben = await open('Ben', relay)
await ben.until(isText('Mind the wasps in the shed.'))
said('Ben', 'starts again and reads it; the relay delivers it a second time')
await tell(ada, 'Ada', ben, 'Ben', 'Are you there?')
const history = (await ben.ask({ do: 'history', with: ada.id })) as string[]
check(
  history.filter((text) => text === 'Mind the wasps in the shed.').length === 1,
  'it stands once in his history: nothing lost, nothing twice',
)

chapter(5, 'Real files, and the relay is killed in the middle')
await sendFile(README, 'README.md', false)
const bigFile = join(folder, 'orchard-plan.bin')
const plan = randomBytes(BIG_FILE_BYTES)
await writeFile(bigFile, plan)
await sendFile(bigFile, 'orchard-plan.bin', true)

chapter(6, 'What the relay saw')
await Promise.all([close(ada), close(ben), close(cleo)])
await kill(relay.child)
const traffic = await readTraffic(join(wireFolder, 'log'))
for (const bytes of FRAME_SIZES)
  said(
    'relay',
    `${String(traffic.bySize.get(bytes) ?? 0).padStart(6)}  of ${String(bytes).padStart(4)} bytes`,
  )
said(
  'relay',
  `${String(traffic.boxes).padStart(6)}  mailboxes, and ${traffic.writers} keys that publish; whose they are it was never told`,
)
check(
  [...traffic.bySize.keys()].every((bytes) => FRAME_SIZES.includes(bytes)),
  'frames and blobs of the four sizes only',
)
const readme = await readFile(README, 'utf8')
const secrets = [
  ...[ada, ben, cleo].flatMap((node) => node.secrets),
  ...[ada, ben, cleo].map((node) => Buffer.from(node.secrets[1] as string, 'hex')),
  ...spoken,
  ...['Orchard', 'orchard-plan.bin', 'README.md'],
  readme.slice(0, 48),
  readme.slice(-48),
  plan.subarray(1_000_000, 1_000_024),
]
const evidence = await searchFor(secrets, [relayFolder, wireFolder])
note(
  `searched ${evidence.files} files, ${size(evidence.bytes)}: its disk and everything that crossed its wire`,
)
for (const [text, files] of evidence.found) console.error(`     found “${text}” in ${files.join(', ')}`)
check(evidence.found.size === 0, `none of ${secrets.length} account ids, keys, handles, names and plaintexts`)
// The search itself is proved: what the relay must have seen, a mailbox that was put to, is found.
const proof = await searchFor([Buffer.from(ben.mailbox, 'hex')], [wireFolder])
check(proof.found.size === 1, 'and the search does find what the relay must know: a mailbox number')

const seconds = ((performance.now() - started) / 1000).toFixed(1)
console.log(`\n  Everything held, in ${seconds} s.\n`)

async function groupSays(
  from: NodeProcess,
  who: string,
  text: string,
  to: readonly NodeProcess[],
): Promise<void> {
  const places = to.map((node) => node.reports.length)
  await from.ask({ do: 'send-group', group, text: words(text) })
  said(who, `“${text}”  to the group`)
  await Promise.all(to.map((node, i) => node.until(isText(text), places[i])))
  held(`read by ${to.length === 1 ? 'one' : 'both'}`)
}

async function sendFile(path: string, name: string, killRelay: boolean): Promise<void> {
  const bytes = await readFile(path)
  const hash = createHash('sha256').update(bytes).digest('hex')
  said('Ada', `sends ${name}, ${size(bytes.length)}, to Ben`)
  const place = ben.reports.length
  let restarted: Promise<void> | undefined
  const stopUp = ada.on((report) => {
    if (report.report !== 'progress') return
    if (killRelay && restarted === undefined && report.done > report.total / 2) {
      breakBar()
      restarted = restartRelay()
    }
    bar('uploaded', report.done, report.total)
  })
  const stopDown = ben.on((report) => {
    if (report.report === 'progress') bar('fetched', report.done, report.total)
  })
  await ada.ask({ do: 'send-file', to: ben.id, path })
  await restarted
  const { file } = await ben.until(isFile, place)
  stopUp()
  stopDown()
  check(file.name === name && file.sha256 === hash, `${name} arrived whole: SHA-256 ${hash.slice(0, 16)}…`)
}

async function restartRelay(): Promise<void> {
  await kill(relay.child)
  killed('relay', 'in the middle of the file')
  relay = await startRelayProcess(relayFolder, relay.port, join(wireFolder, 'log'))
  said('relay', 'starts again on what its disk holds')
}
