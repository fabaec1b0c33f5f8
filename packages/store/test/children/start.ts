/** Starts a child process from its TypeScript source; `@hyphae/*` resolves to sources through the root tsconfig. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

export interface Child {
  readonly process: ChildProcess
  /** Every whole line it has printed. */
  readonly lines: string[]
  /** Resolves when a line satisfies `wanted`, with that line. */
  line(wanted: (line: string) => boolean): Promise<string>
  /** Resolves with the signal that ended it, or null. */
  readonly ended: Promise<NodeJS.Signals | null>
}

export function startChild(name: string, args: readonly string[]): Child {
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.json` },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const waiting: { wanted: (line: string) => boolean; found: (line: string) => void }[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) {
      lines.push(line)
      for (const { wanted, found } of waiting) if (wanted(line)) found(line)
    }
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_code, signal) => resolve(signal))
  })
  const line = (wanted: (line: string) => boolean): Promise<string> =>
    new Promise((resolve, reject) => {
      const known = lines.find(wanted)
      if (known !== undefined) resolve(known)
      waiting.push({ wanted, found: resolve })
      ended.then(() => reject(new Error(`the child ended after: ${lines.join(' ')}`)))
    })
  return { process: child, lines, line, ended }
}
