/**
 * `hyphae listen`: messages from where the last one stopped, as they come.
 *
 * A message counts as handled when it was printed and its file saved. When printing or saving fails, or the command
 * is interrupted in between, the node is closed first, so that the message is offered again.
 */
import { resolve } from 'node:path'
import { isHyphaeError } from '@hyphae/core'
import type { IncomingMessage } from '@hyphae/messenger'
import type { Call, Command } from '../command.js'
import { deadline } from '../deadline.js'
import { UsageError } from '../errors.js'
import { FAREWELL_MS, FETCH_RETRY_CAP_MS, FETCH_RETRY_MS, MAX_FETCH_TRIES } from '../limits.js'
import { commandLogger, isDebugging } from '../log.js'
import { type OpenNode, withNode } from '../node.js'
import { percent, printableLine } from '../output.js'
import { eventSentence, type FileFate, messageBody, messageHead, messageResult } from '../received.js'
import { saveFile } from '../save-file.js'

export const listen: Command = {
  usage: ['hyphae listen [--json] [--count N] [--save DIR] [--no-read]'],
  help: `Prints messages from where the last listen stopped, until Ctrl-C. Events go to stderr, or with
--json to stdout as objects with a type of their own.

  --count N   end after N messages
  --save DIR  save received files in DIR, never over another file
  --no-read   do not tell senders that their messages were read`,
  options: {
    count: { type: 'string' },
    save: { type: 'string' },
    'no-read': { type: 'boolean' },
  },
  run: runListen,
}

interface Listening {
  readonly call: Call
  readonly open: OpenNode
  readonly folder: string | undefined
  /** Read receipts that are being made. */
  readonly receipts: Set<Promise<void>> | undefined
}

async function runListen(call: Call): Promise<void> {
  const { args, io, print } = call
  if (args.words.length > 0) throw new UsageError('listen takes no words, only options.')
  const count = args.whole('count', { min: 1, max: Number.MAX_SAFE_INTEGER })
  const save = args.text('save')
  const relayTrouble = tellOnce(call)
  const logger = commandLogger(io, relayTrouble)
  await withNode(
    call,
    async (open) => {
      const listening: Listening = {
        call,
        open,
        folder: save === undefined ? undefined : resolve(save),
        receipts: args.flag('no-read') ? undefined : new Set(),
      }
      const over = new AbortController()
      const events = printEvents(call, open, over.signal)
      await print.note(`Listening as ${open.node.id}. Ctrl-C ends it.`)
      try {
        await readMessages(listening, count)
        if (!io.signal.aborted) await sayGoodbye(listening)
      } finally {
        over.abort()
        await events
      }
    },
    logger,
  )
}

async function readMessages(listening: Listening, count: number | undefined): Promise<void> {
  const { open, call } = listening
  let shown = 0
  for await (const message of open.node.messages({ signal: call.io.signal })) {
    try {
      await show(listening, message)
    } catch (error) {
      // Leaving the loop says that the message was handled. Closed, the node cannot note it.
      await open.node.close()
      if (call.io.signal.aborted) return
      throw error
    }
    shown += 1
    if (shown === count) break
  }
}

async function show(listening: Listening, message: IncomingMessage): Promise<void> {
  const { call, open, receipts } = listening
  const { print } = call
  const fate = message.file === undefined ? undefined : await receiveFile(listening, message)
  const head = print.dim(messageHead(message, await groupName(open, message)))
  await print.result(messageResult(message, fate), `${head}\n${messageBody(message, fate)}`)
  if (receipts === undefined || message.place.kind !== 'direct') return
  const receipt = markRead(listening, message).finally(() => receipts.delete(receipt))
  receipts.add(receipt)
}

async function groupName({ node }: OpenNode, { place }: IncomingMessage): Promise<string | undefined> {
  return place.kind === 'group' ? (await node.group(place.group)).name : undefined
}

/** A courtesy: when the sender cannot be looked up now, the message is no less received. */
async function markRead({ call, open }: Listening, message: IncomingMessage): Promise<void> {
  try {
    await (await open.node.conversation(message.from)).markRead([message.id])
  } catch (error) {
    if (!isHyphaeError(error)) throw error
    commandLogger(call.io).warn('listen: a read receipt was not made', { code: error.code })
  }
}

/** Fetches and saves, as often as it takes while relays are away; says what became of it. */
async function receiveFile(listening: Listening, message: IncomingMessage): Promise<FileFate> {
  const { call, folder } = listening
  if (folder === undefined) return { kind: 'left' }
  for (let tries = 1; ; tries++) {
    try {
      return { kind: 'saved', path: await fetchAndSave(listening, folder, message) }
    } catch (error) {
      if (call.io.signal.aborted || !isHyphaeError(error)) throw error
      if (error.code.startsWith('cli/') || error.code.startsWith('store/')) throw error
      const gone = error.code === 'messenger/file-unavailable' && tries >= MAX_FETCH_TRIES
      if (gone || !error.retryable) return { kind: 'lost', code: error.code }
      if (tries === 1) await call.print.note(`${nameOf(message)}: ${error.shortMessage} Trying again.`)
      const pause = Math.min(FETCH_RETRY_MS * 2 ** (tries - 1), FETCH_RETRY_CAP_MS)
      await call.io.clock.sleep(pause, call.io.signal)
    }
  }
}

function fetchAndSave({ call, open }: Listening, folder: string, message: IncomingMessage): Promise<string> {
  const name = nameOf(message)
  const pieces = open.node.streamFile(message, {
    signal: call.io.signal,
    onProgress: ({ done, total }) => call.print.progress(`${name}  ${percent(done, total)}`),
  })
  return saveFile(folder, { name: message.file?.name ?? message.id, id: message.id, pieces })
}

function nameOf(message: IncomingMessage): string {
  return printableLine(message.file?.name ?? '')
}

async function printEvents({ io, print }: Call, { node }: OpenNode, signal: AbortSignal): Promise<void> {
  for await (const event of node.events({ signal })) {
    const sentence = eventSentence(event)
    if (print.json) await print.result({ ...event }, '')
    else if (sentence !== undefined) await print.note(sentence)
    else if (event.type === 'refused' && isDebugging(io.env)) await print.note(`refused: ${event.code}`)
  }
}

/** Lets receipts leave, for a short time: they stay queued otherwise. */
async function sayGoodbye({ call, open, receipts }: Listening): Promise<void> {
  const { signal, release } = deadline(call.io.clock, FAREWELL_MS, call.io.signal)
  const late = new Promise<void>((done) => signal.addEventListener('abort', () => done(), { once: true }))
  await Promise.race([Promise.all(receipts ?? []), late])
  await open.flush(signal)
  release()
}

/** Says once that no relay answers: a listener would wait in vain without knowing. */
function tellOnce({ print }: Call): (message: string, code: string) => void {
  let told = false
  return (message, code) => {
    if (told || !message.startsWith('upkeep') || !/unreachable|failed|timeout/.test(code)) return
    told = true
    void print.note(`No relay answers yet (${code}). Trying on; what is here is shown meanwhile.`)
  }
}
