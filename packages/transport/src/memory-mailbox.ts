/** The Mailbox of a memory network: proofs, faults and deliveries around the boxes. */
import {
  type BoxId,
  type BoxKey,
  type Clock,
  CoreError,
  concatBytes,
  type Delivery,
  type IoOptions,
  type Mailbox,
  type MailboxPut,
  toHex,
  utf8,
} from '@hyphae/core'
import { TransportError } from './errors.js'
import { type FaultDice, lost } from './faults.js'
import { DEFAULT_FETCH } from './limits.js'
import { type BoxItem, checkPuts, createMemoryBox, type MemoryBox, putAll } from './memory-box.js'

/** True when `signature` is the Ed25519 signature of `message` under `publicKey`. */
export type VerifyProof = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** What all carriers of one network share. */
export interface BoxTable {
  box(id: BoxId): MemoryBox
  /** @throws TransportError `transport/bad-proof` */
  prove(key: BoxKey): void
}

const PROOF_LABEL: Uint8Array = utf8('hyphae memory mailbox proof')

export function createBoxTable(verify: VerifyProof | undefined): BoxTable {
  const boxes = new Map<string, MemoryBox>()
  let challenges = 0
  return {
    box: (id) => {
      const name = toHex(id)
      let box = boxes.get(name)
      if (box === undefined) {
        box = createMemoryBox()
        boxes.set(name, box)
      }
      return box
    },
    prove: (key) => {
      if (verify === undefined) return
      challenges += 1
      const challenge = concatBytes(PROOF_LABEL, utf8(String(challenges)), key.id)
      if (!verify(key.id, challenge, key.sign(challenge))) throw new TransportError('transport/bad-proof')
    },
  }
}

export interface MailboxContext {
  readonly boxes: BoxTable
  readonly dice: FaultDice
  readonly clock: Clock
  /** Fires when the carrier closes. */
  readonly closed: AbortSignal
}

export function memoryMailbox(context: MailboxContext): Mailbox {
  return {
    put: async (puts, options) => {
      ready(context, options)
      checkPuts(puts)
      await Promise.all(byBox(puts).map((part) => deliver(context, part)))
    },
    fetch: async (key, options) => {
      ready(context, options)
      context.boxes.prove(key)
      const { items } = context.boxes.box(key.id)
      return items.slice(0, options?.limit ?? DEFAULT_FETCH).map((item) => delivery(context, key, item))
    },
    watch: (key, options) => watch(context, key, options?.signal),
  }
}

async function deliver({ boxes, dice, clock }: MailboxContext, puts: readonly MailboxPut[]): Promise<void> {
  await dice.travel(clock)
  const loss = dice.loss()
  if (loss === 'request') throw lost()
  const [first] = puts
  if (first !== undefined) putAll(boxes.box(first.box), puts)
  if (loss === 'answer') throw lost()
}

async function* watch(
  context: MailboxContext,
  key: BoxKey,
  signal: AbortSignal | undefined,
): AsyncGenerator<Delivery, void, undefined> {
  const stop = signal === undefined ? context.closed : AbortSignal.any([signal, context.closed])
  if (stop.aborted) return
  context.boxes.prove(key)
  const box = context.boxes.box(key.id)
  let cursor = 0
  while (!stop.aborted) {
    const item = box.after(cursor)
    if (item === undefined) {
      await box.changed.wait(stop)
      continue
    }
    cursor = item.cursor
    yield delivery(context, key, item)
    if (context.dice.duplicates() && !stop.aborted) yield delivery(context, key, item)
  }
}

function delivery(context: MailboxContext, key: BoxKey, { cursor, frame }: BoxItem): Delivery {
  return {
    frame: frame.slice(),
    cursor,
    ack: async () => {
      ready(context, undefined)
      context.boxes.prove(key)
      context.boxes.box(key.id).acknowledge(cursor)
    },
  }
}

/** @throws TransportError `transport/closed`, CoreError `core/aborted` */
export function ready(context: { readonly closed: AbortSignal }, options: IoOptions | undefined): void {
  if (context.closed.aborted) throw new TransportError('transport/closed')
  if (options?.signal?.aborted) throw new CoreError('core/aborted', { cause: options.signal.reason })
}

function byBox(puts: readonly MailboxPut[]): MailboxPut[][] {
  const parts = new Map<string, MailboxPut[]>()
  for (const put of puts) {
    const name = toHex(put.box)
    const part = parts.get(name)
    if (part === undefined) parts.set(name, [put])
    else part.push(put)
  }
  return [...parts.values()]
}
