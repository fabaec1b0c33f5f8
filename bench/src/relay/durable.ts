// Durable delivery beside Mosquitto and JetStream: the same load, interleaved rounds, medians.
import process from 'node:process'
import { median, type Report, round } from '../harness.ts'
import { hyphaeBroker } from './hyphae.ts'
import { type Crowd, disperse, gather, type Latency, pace, saturate, type Throughput } from './load.ts'
import { mosquittoBroker } from './mosquitto.ts'
import { natsBroker } from './nats.ts'

/** Messages of each connection on their way. */
const WINDOW = 64
/** `--quick`: a look, not a result. */
const QUICK = process.argv.includes('--quick')
const WARM_UP_SECONDS = QUICK ? 1 : 2
const SECONDS = QUICK ? 2 : 3
const ROUNDS = QUICK ? 3 : 5

const PACE = 10_000
const PACED_SECONDS = QUICK ? 2 : 4
const PACED_ROUNDS = QUICK ? 1 : 3

const middle = <T>(samples: readonly T[], pick: (sample: T) => number): number => median(samples.map(pick))

async function rounds(crowds: readonly Crowd[]): Promise<Map<string, Throughput[]>> {
  const samples = new Map<string, Throughput[]>()
  for (const crowd of crowds) await saturate(crowd, WINDOW, WARM_UP_SECONDS)
  for (let i = 0; i < ROUNDS; i++) {
    for (let k = 0; k < crowds.length; k++) {
      const crowd = crowds[(i + k) % crowds.length] as Crowd
      const sample = await saturate(crowd, WINDOW, SECONDS)
      samples.set(crowd.broker.name, [...(samples.get(crowd.broker.name) ?? []), sample])
    }
  }
  return samples
}

async function latencies(crowd: Crowd): Promise<Latency[]> {
  const samples: Latency[] = []
  for (let i = 0; i < PACED_ROUNDS; i++) samples.push(await pace(crowd, PACE, PACED_SECONDS))
  return samples
}

function note(
  { figures }: Report,
  name: string,
  samples: readonly Throughput[],
  paced: readonly Latency[],
): void {
  figures[`${name}PerSecond`] = round(
    middle(samples, (sample) => sample.perSecond),
    0,
  )
  figures[`${name}CpuUs`] = round(middle(samples, (sample) => sample.cpuMicros))
  figures[`${name}ServerBusy`] = round(middle(samples, (sample) => sample.serverBusy))
  figures[`${name}P50Ms`] = round(
    middle(paced, (sample) => sample.p50),
    3,
  )
  figures[`${name}P99Ms`] = round(
    middle(paced, (sample) => sample.p99),
    3,
  )
  figures[`${name}CpuUsAt10k`] = round(middle(paced, (sample) => sample.cpuMicros))
}

/** `alone`: without the peers. */
export async function durableRows(report: Report, alone = false): Promise<void> {
  const starts = alone ? [hyphaeBroker] : [hyphaeBroker, mosquittoBroker, natsBroker]
  const crowds: Crowd[] = []
  for (const start of starts) crowds.push(await gather(await start()))
  try {
    const samples = await rounds(crowds)
    for (const crowd of crowds) {
      const { name } = crowd.broker
      const key = name === 'hyphae' ? 'durable' : name
      note(report, key, samples.get(name) ?? [], await latencies(crowd))
    }
  } finally {
    for (const crowd of crowds) await disperse(crowd)
  }
  if (alone) return
  const { figures, ratios } = report
  const ours = figures.durablePerSecond as number
  ratios.durableVsMosquitto = round(ours / (figures.mosquittoPerSecond as number))
  ratios.durableVsJetStream = round(ours / (figures.jetstreamPerSecond as number))
}
