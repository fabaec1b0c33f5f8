// Child processes of the demo: started, spoken to, killed.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Command, Report } from './protocol.js'

type Ready = Extract<Report, { report: 'ready' }>
type Reply = Extract<Report, { report: 'reply' }>

const REPLY_MS = 30_000

/** Runs a module of this folder in a process of its own. */
export function start(module: string, args: readonly string[]): ChildProcess {
  const file = fileURLToPath(new URL(module, import.meta.url))
  return fork(file, [...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--import', 'tsx'],
  })
}

export async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

export interface NodeProcess {
  readonly child: ChildProcess
  readonly id: string
  readonly secrets: readonly string[]
  /** A mailbox it reads, in hexadecimal. */
  readonly mailbox: string
  /** Everything it reported, in order. */
  readonly reports: readonly Report[]
  ask(command: Command): Promise<unknown>
  /** Resolves with the first report from `from` on that fits. */
  until<R extends Report>(fits: (report: Report) => report is R, from?: number): Promise<R>
  on(listen: (report: Report) => void): () => void
}

export async function startNode(args: readonly string[]): Promise<NodeProcess> {
  const child = start('node.ts', args)
  const reports: Report[] = []
  const listeners = new Set<(report: Report) => void>()
  child.on('message', (report: Report) => {
    reports.push(report)
    for (const listen of listeners) listen(report)
  })
  const on = (listen: (report: Report) => void): (() => void) => {
    listeners.add(listen)
    return () => listeners.delete(listen)
  }
  const until = <R extends Report>(fits: (report: Report) => report is R, from = 0): Promise<R> =>
    new Promise((resolve, reject) => {
      const found = reports.slice(from).find(fits)
      if (found !== undefined) return resolve(found)
      const stop = on((report) => {
        if (fits(report)) finish(() => resolve(report))
      })
      const timer = setTimeout(
        () => finish(() => reject(new Error('a node did not report in time'))),
        REPLY_MS,
      )
      const finish = (end: () => void): void => {
        clearTimeout(timer)
        stop()
        end()
      }
    })
  const ready = await until((report): report is Ready => report.report === 'ready')
  let last = 0
  const ask = async (command: Command): Promise<unknown> => {
    const id = ++last
    const from = reports.length
    child.send({ id, command })
    const reply = await until(
      (report): report is Reply => report.report === 'reply' && report.to === id,
      from,
    )
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply.result
  }
  return { child, id: ready.id, secrets: ready.secrets, mailbox: ready.mailbox, reports, ask, until, on }
}

export interface RelayProcess {
  readonly child: ChildProcess
  readonly url: string
  readonly port: number
}

export async function startRelayProcess(
  data: string,
  port: number,
  trafficLog: string,
): Promise<RelayProcess> {
  const child = start('relay.ts', [data, String(port), trafficLog])
  const [{ url, port: actual }] = (await once(child, 'message')) as [{ url: string; port: number }]
  return { child, url, port: actual }
}
