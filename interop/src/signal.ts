// Our Signal wire against the real @signalapp/libsignal-client, in both roles.
//
//   npm run interop -- signal             the check: exits 0 when both agree on everything
//   npm run interop -- signal --record    writes vectors/signal/v1.json from two short runs
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { exchange, type Tally, type Traffic } from './signal/exchange.js'
import { type HyphaeParty, hyphaeParty } from './signal/hyphae.js'
import { type LibsignalOptions, libsignalParty } from './signal/libsignal.js'
import type { Party } from './signal/party.js'
import { seeded } from './signal/random.js'
import { recorded, type Step } from './signal/record.js'

const TRAFFIC: Traffic = { letters: 4600, dropped: 7, repeated: 5, damaged: 5, overtaken: 3, longest: 400 }
const RECORDED: Traffic = { letters: 320, dropped: 7, repeated: 3, damaged: 3, overtaken: 3, longest: 20 }
const MIN_DELIVERED = 2000
const MIN_EPOCHS = 10
const VECTORS = new URL('../../vectors/signal/v1.json', import.meta.url)

const PLAIN: LibsignalOptions = { name: 'lena', peerName: 'mika' }
const UUIDS: LibsignalOptions = {
  name: '9d0652a3-dcc3-4d11-975f-74d61598733f',
  peerName: '6838237d-02f6-4098-b110-698253d15961',
}

interface Role {
  readonly title: string
  readonly initiator: 'hyphae' | 'libsignal'
  readonly withPrekey: boolean
  readonly names: LibsignalOptions
  readonly seed: number
}

const ROLES: readonly Role[] = [
  { title: 'we initiate', initiator: 'hyphae', withPrekey: true, names: UUIDS, seed: 1 },
  { title: 'libsignal initiates', initiator: 'libsignal', withPrekey: true, names: PLAIN, seed: 2 },
  {
    title: 'we initiate, no one-time prekey',
    initiator: 'hyphae',
    withPrekey: false,
    names: PLAIN,
    seed: 3,
  },
  {
    title: 'libsignal initiates, no one-time prekey',
    initiator: 'libsignal',
    withPrekey: false,
    names: UUIDS,
    seed: 4,
  },
]

interface Outcome extends Tally {
  readonly epochs: number
}

function checkSafetyNumbers(ours: HyphaeParty, theirs: Party): string {
  const [me, you] = [new TextEncoder().encode('+14155550101'), new TextEncoder().encode('+14155550102')]
  const here = ours.safetyNumber(me, you, theirs.identityKey())
  const there = theirs.safetyNumber(you, me, ours.identityKey())
  if (here !== there || !/^\d{60}$/.test(here)) throw new Error(`safety numbers differ: ${here} ${there}`)
  return here
}

async function play(role: Role, ours: HyphaeParty, traffic: Traffic): Promise<Outcome & { safety: Step }> {
  const theirs = libsignalParty(role.names)
  const [initiator, responder] = role.initiator === 'hyphae' ? [ours, theirs] : [theirs, ours]
  await initiator.initiate(await responder.publish(role.withPrekey))
  const tally = await exchange(initiator, responder, traffic, seeded(role.seed))
  const number = checkSafetyNumbers(ours, theirs)
  const peerKey = Buffer.from(theirs.identityKey()).toString('hex')
  return { ...tally, epochs: ours.epochs(), safety: { number, peerKey } }
}

async function check(): Promise<boolean> {
  const messages: Record<string, Outcome> = {}
  for (const role of ROLES) {
    const { safety: _, ...outcome } = await play(role, hyphaeParty(), TRAFFIC)
    messages[role.title] = outcome
    const { sent, delivered, dropped, reordered, repeatsRefused, damageRefused, epochs } = outcome
    console.log(
      `${role.title}: ${sent} sent, ${delivered} delivered, ${dropped} dropped, ${reordered} out of order, ` +
        `${repeatsRefused} repeats and ${damageRefused} damaged refused, ${epochs} post-quantum epochs`,
    )
  }
  const outcomes = Object.values(messages)
  const epochs = Math.min(...outcomes.map((outcome) => outcome.epochs))
  const ok = epochs >= MIN_EPOCHS && outcomes.every(({ delivered }) => delivered >= MIN_DELIVERED)
  console.log(`safety numbers agree in ${outcomes.length} of ${ROLES.length} runs`)
  console.log(
    JSON.stringify({ peer: 'signal', version: '0.103.0', messages, epochs, safetyNumbers: true, ok }),
  )
  return ok
}

async function record(): Promise<void> {
  const runs: Step[] = []
  for (const [index, role] of ROLES.slice(0, 2).entries()) {
    const seed = new Uint8Array(32).fill(index + 1)
    const { party, steps } = recorded(seed)
    const { epochs, safety } = await play(role, party, RECORDED)
    const rng = Buffer.from(seed).toString('hex')
    const snapshot = Buffer.from(party.snapshot()).toString('hex')
    runs.push({ title: role.title, rng, registrationId: 77, steps, epochs, safety, snapshot })
  }
  const about =
    'Our side of exchanges with libsignal-client 0.103.0 (spec/signal.md, "Vectors"). Replay the steps with ' +
    'the portable provider over the seeded generator; every output must be equal. Bytes are hexadecimal.'
  const file = { format: 'hyphae/signal', version: 1, about, runs }
  await writeFile(VECTORS, `${JSON.stringify(file, null, 0).replaceAll('{"do"', '\n{"do"')}\n`)
  console.log(`wrote ${VECTORS.pathname}`)
}

try {
  if (process.argv.includes('--record')) await record()
  else process.exitCode = (await check()) ? 0 : 1
} catch (error) {
  console.error(error)
  console.log(JSON.stringify({ peer: 'signal', ok: false }))
  process.exitCode = 1
}
