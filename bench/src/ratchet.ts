// Area `ratchet`: sessions between two devices, ours against four peers, in one process with state in memory.
//
// Rows: sealing and opening a message of 64 B (ours in a 512-byte frame) and of 1 KB (2,048), a message that answers
// the one before ("ping-pong", a ratchet step each), and session set-up: bundle checked, first message sealed,
// accepted and opened, prekeys made before. libsignal-client is held against our post-quantum sessions, as its own
// are; the others against the classic ones.
import { loadavg } from 'node:os'
import { defaultCrypto as crypto } from '@hyphae/crypto'
import { prepareKem } from '@hyphae/crypto/kem'
import { postQuantum as pq } from '@hyphae/ratchet/pq'
import { consume, median, type Report, round, runArea, table } from './harness.ts'
import { inChromium } from './ratchet/chromium.ts'
import type { Contender } from './ratchet/contender.ts'
import { hyphae } from './ratchet/hyphae.ts'
import { PEERS, type PeerSource } from './ratchet/peers.ts'
import { population, snapshotBytes } from './ratchet/population.ts'
import { competeAll, type Pace, type Samples, sunk } from './ratchet/timing.ts'

const ROWS = ['encrypt64', 'decrypt64', 'encrypt1k', 'decrypt1k', 'pingpong', 'setup'] as const
const PACE: Pace = { rounds: 31, warmUpMs: 400, batchMs: 8 }
/** Browsers step their clocks coarsely: longer batches. */
const PAGE_PACE: Pace = { rounds: 15, warmUpMs: 800, batchMs: 30 }

type Medians = ReadonlyMap<string, ReadonlyMap<string, number>>

/** Microseconds by row, then by contender. */
function mediansOf(groups: readonly Samples[]): Medians {
  const medians = new Map<string, Map<string, number>>()
  for (const group of groups) {
    for (const [name, rows] of group) {
      for (const [row, samples] of Object.entries(rows)) {
        if (!medians.has(row)) medians.set(row, new Map())
        medians.get(row)?.set(name, median(samples))
      }
    }
  }
  return medians
}

function of(medians: Medians, row: string, name: string): number {
  return medians.get(row)?.get(name) as number
}

interface Loaded {
  readonly source: PeerSource
  readonly contender: Contender
}

async function loadPeers(print: (text: string) => void, figures: Record<string, number>): Promise<Loaded[]> {
  const loaded: Loaded[] = []
  for (const source of PEERS) {
    try {
      loaded.push({ source, contender: await source.load() })
    } catch (error) {
      figures[`absent${source.id}`] = 1
      print(`absent: ${source.id}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
  return loaded
}

const OURS = { classic: 'hyphae classic', pq: 'hyphae post-quantum' } as const
const classic = hyphae({ name: OURS.classic, crypto })
const postQuantum = hyphae({ name: OURS.pq, crypto, pq })

async function timings(print: (text: string) => void, { figures, ratios }: Report): Promise<Medians> {
  const peers = await loadPeers(print, figures)
  const medians = mediansOf(
    await competeAll([classic, postQuantum, ...peers.map((peer) => peer.contender)], PACE),
  )
  for (const row of [...ROWS, 'prekeys']) {
    figures[`${row}Classic`] = round(of(medians, row, OURS.classic))
    figures[`${row}Pq`] = round(of(medians, row, OURS.pq))
    for (const { source, contender } of peers) {
      const time = of(medians, row, contender.name)
      figures[`${row}${source.id}`] = round(time)
      if (row === 'prekeys') continue
      ratios[`${row}Vs${source.id}`] = round(time / of(medians, row, OURS[source.against]))
      if (source.against === 'pq')
        ratios[`${row}ClassicVs${source.id}`] = round(time / of(medians, row, OURS.classic))
    }
  }
  print(`${table('Node, µs', medians)}\n`)
  return medians
}

async function chromiumTimings(print: (text: string) => void, report: Report, node: Medians): Promise<void> {
  const groups = await inChromium(PAGE_PACE)
  if (groups === null) {
    print(
      'Chromium: not found on this machine (CHROMIUM_PATH names another place), so its rows are missing.\n\n',
    )
    return
  }
  const medians = mediansOf(groups)
  print(`${table('Chromium, portable code, µs', medians)}\n`)
  for (const row of ROWS) {
    report.figures[`${row}ChromiumClassic`] = round(of(medians, row, 'classic'))
    report.figures[`${row}ChromiumPq`] = round(of(medians, row, 'pq'))
    const libsignal = node.get(row)?.get('libsignal-client')
    if (libsignal !== undefined)
      report.ratios[`${row}ChromiumVsLibsignalInNode`] = round(libsignal / of(medians, row, 'pq'))
  }
}

async function sizes(print: (text: string) => void, { figures }: Report): Promise<void> {
  figures.snapshotBytesClassic = await snapshotBytes(classic)
  figures.snapshotBytesPq = await snapshotBytes(postQuantum)
  const { restingBytes, expectingBytes, find } = await population(crypto, classic)
  figures.heapBytesPerSession = restingBytes
  figures.heapBytesPerSessionWithTags = expectingBytes
  for (const [count, time] of find) figures[`findAmong${count}`] = round(time, 3)
  print(
    `session snapshot, largest of 200 exchanges: classic ${figures.snapshotBytesClassic} B, post-quantum ${figures.snapshotBytesPq} B\n` +
      `heap a session, of 10,000: ${restingBytes} B; with its expected tags ${expectingBytes} B\n` +
      `finding a frame's session by tag: ${[...find].map(([count, time]) => `${round(time, 3)} µs among ${count}`).join(', ')}\n\n`,
  )
}

function ratioTable({ ratios }: Report): string {
  const columns = [
    ...new Set(Object.keys(ratios).map((name) => name.replace(/^[a-z0-9]+?(Classic|Chromium)?Vs/, '$1Vs'))),
  ]
  const groups = new Map(
    ROWS.map((row) => [
      row,
      new Map(columns.map((column) => [column, ratios[`${row}${column}`] ?? Number.NaN])),
    ]),
  )
  return table("peer's time over ours", groups)
}

async function ratchet(print: (text: string) => void): Promise<Report> {
  const report: Report = { area: 'ratchet', figures: {}, ratios: {} }
  report.figures.loadAverage = round(loadavg()[0] as number)
  print(`ML-KEM-768 in Node: ${await prepareKem()}\n\n`)
  const node = await timings(print, report)
  await chromiumTimings(print, report, node)
  await sizes(print, report)
  print(`${ratioTable(report)}\nload average at the start ${report.figures.loadAverage}\n`)
  consume(sunk())
  return report
}

await runArea(ratchet)
