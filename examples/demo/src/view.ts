// How the demo looks in a terminal.
import { styleText } from 'node:util'

const WIDTH = 76
const BAR = 32
const LIVE = process.stdout.isTTY === true
type Style = Parameters<typeof styleText>[0]

const paint = (style: Style, text: string): string =>
  LIVE || process.env.FORCE_COLOR !== undefined ? styleText(style, text) : text

const PEOPLE: Readonly<Record<string, Style>> = { Ada: 'cyan', Ben: 'yellow', Cleo: 'magenta', relay: 'blue' }

export function title(text: string, subtitle: string): void {
  console.log(`\n  ${paint('bold', text)}\n  ${paint('dim', subtitle)}`)
}

export function chapter(number: number, text: string): void {
  const line = '─'.repeat(Math.max(0, WIDTH - text.length - 7))
  console.log(`\n  ${paint('bold', `${number}  ${text}`)} ${paint('dim', line)}`)
}

/** One thing that happened to one process. */
export function said(who: string, what: string): void {
  console.log(`     ${paint(PEOPLE[who] ?? 'bold', who.padEnd(6))}${what}`)
}

export function note(text: string): void {
  console.log(`     ${paint('dim', text)}`)
}

/** Something that was checked and held. */
export function held(text: string): void {
  console.log(`     ${paint('green', '✓')} ${text}`)
}

export function killed(who: string, text: string): void {
  said(who, `${paint('red', '✗ SIGKILL')}  ${text}`)
}

/** A bar that grows in place; where the output is not a terminal, only its end is printed. */
export function bar(label: string, done: number, total: number): void {
  const share = total === 0 ? 1 : done / total
  const filled = Math.round(BAR * share)
  const drawn = `${paint('green', '█'.repeat(filled))}${paint('dim', '░'.repeat(BAR - filled))}`
  const text = `     ${label.padEnd(12)}${drawn} ${String(Math.round(100 * share)).padStart(3)} %  ${size(done)}`
  if (LIVE) process.stdout.write(`\r${text}${share === 1 ? '\n' : ''}`)
  else if (share === 1) console.log(text)
}

/** Ends a bar that was interrupted. */
export function breakBar(): void {
  if (LIVE) process.stdout.write('\n')
}

export function size(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`
  return bytes < 10_000_000 ? `${(bytes / 1000).toFixed(0)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

export function short(text: string): string {
  return `${text.slice(0, 14)}…${text.slice(-4)}`
}
