/** Sending one thing and waiting until it has got as far as was asked for. */
import { fromUtf8, isHyphaeError, MAX_TEXT_CHARACTERS } from '@hyphae/core'
import type { Channel, DeliveryState, SentMessage } from '@hyphae/messenger'
import type { OptionSpecs } from './arguments.js'
import type { Call } from './command.js'
import { deadline } from './deadline.js'
import { CliError, UsageError } from './errors.js'
import { fileSource, type NamedSource } from './file-source.js'
import { DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS } from './limits.js'
import type { OpenNode } from './node.js'
import { percent, printableLine } from './output.js'

const STATES: readonly DeliveryState[] = ['queued', 'stored', 'delivered', 'read']

export const DELIVERY_OPTIONS: OptionSpecs = {
  file: { type: 'string' },
  wait: { type: 'string' },
  timeout: { type: 'string' },
}

export const DELIVERY_HELP: string = `  --file PATH        send a file instead of a text
  --wait STATE       queued, stored (default), delivered or read; in groups the first two
  --timeout SECONDS  how long to wait for that (default ${DEFAULT_TIMEOUT_SECONDS})`

export type Outgoing =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly file: NamedSource }

/** What to send: the words, stdin for a single `-`, or --file. Read before anything is opened. */
export async function readOutgoing(call: Call, words: readonly string[]): Promise<Outgoing> {
  const path = call.args.text('file')
  if (path !== undefined) {
    if (words.length > 0) throw new UsageError('Give either a text or --file, not both.')
    return { kind: 'file', file: await fileSource(path) }
  }
  const stdin = words.length === 1 && words[0] === '-'
  const text = stdin ? await readText(call.io.stdin) : words.join(' ')
  if (text === '') throw new UsageError('There is nothing to send.')
  const characters = [...text].length
  if (characters > MAX_TEXT_CHARACTERS) throw tooLong(characters)
  return { kind: 'text', text }
}

/** UTF-8 without the newline at its end; stops reading at what no text can be. */
async function readText(stdin: AsyncIterable<Uint8Array | string>): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of stdin) {
    const read = Buffer.from(piece)
    bytes += read.length
    if (bytes > 4 * MAX_TEXT_CHARACTERS + 2) throw tooLong(bytes)
    pieces.push(read)
  }
  try {
    return fromUtf8(Buffer.concat(pieces)).replace(/\r?\n$/, '')
  } catch (cause) {
    if (!isHyphaeError(cause)) throw cause
    throw new CliError('cli/bad-text', { cause })
  }
}

function tooLong(length: number): CliError {
  return new CliError('cli/text-too-long', { details: { length, limit: MAX_TEXT_CHARACTERS } })
}

export interface DeliveryWish {
  readonly wait: DeliveryState
  readonly timeoutMs: number
}

/** Members of a group do not confirm: `stored` is as far as is known. */
const GROUP_STATES: readonly DeliveryState[] = ['queued', 'stored']

/** Read before anything is opened, so that a mistake costs nothing. */
export function readWish({ args }: Call, to: 'account' | 'group'): DeliveryWish {
  const states = to === 'group' ? GROUP_STATES : STATES
  return { wait: args.choice('wait', states) ?? 'stored', timeoutMs: timeoutMs(args) }
}

export function timeoutMs(args: Call['args']): number {
  const seconds = args.whole('timeout', { min: 1, max: MAX_TIMEOUT_SECONDS })
  return 1000 * (seconds ?? DEFAULT_TIMEOUT_SECONDS)
}

/**
 * Sends, waits, prints id and state.
 * @throws CliError `cli/not-stored`, `cli/not-confirmed`, `cli/interrupted`, after printing what is true
 */
export async function deliver(
  call: Call,
  open: OpenNode,
  channel: Channel,
  outgoing: Outgoing,
  wish: DeliveryWish,
): Promise<void> {
  const sent = await hand(call, channel, outgoing)
  const state = await waitFor(call, open, sent, wish)
  const { id } = sent
  await call.print.result({ type: 'sent', id, state }, `${id} ${state}`)
  if (STATES.indexOf(state) >= STATES.indexOf(wish.wait)) return
  if (call.io.signal.aborted) throw new CliError('cli/interrupted')
  throw new CliError(state === 'queued' ? 'cli/not-stored' : 'cli/not-confirmed', {
    details: { seconds: wish.timeoutMs / 1000 },
  })
}

function hand(call: Call, channel: Channel, outgoing: Outgoing): Promise<SentMessage> {
  const { signal } = call.io
  if (outgoing.kind === 'text') return channel.send(outgoing.text, { signal })
  const { file } = outgoing
  const name = printableLine(file.name)
  const onProgress = ({ done, total }: { done: number; total: number }): void =>
    call.print.progress(`${name}  ${percent(done, total)}`)
  return channel.sendFile({ name: file.name, data: file, onProgress, signal })
}

/** The state when it was reached, or when the time was over; `queued` while a file waits that the carrier could take. */
async function waitFor(
  call: Call,
  open: OpenNode,
  sent: SentMessage,
  wish: DeliveryWish,
): Promise<DeliveryState> {
  if (wish.wait === 'queued') return sent.state
  const { signal, release } = deadline(call.io.clock, wish.timeoutMs, call.io.signal)
  try {
    await open.node.reached(sent.id, wish.wait, { signal })
    // Its description may have gone ahead of a file that the carrier did not take at once.
    if ((await open.node.status(sent.id)).file !== undefined) await open.node.flush({ signal })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    release()
  }
  const { state, file } = await open.node.status(sent.id)
  return file?.waitsFor === 'carrier' ? 'queued' : state
}
