/** A mailbox in one process, right in every way the suite asks, for mutants to be wrong in one. */

import type { Mailbox, MailboxPut } from '@hyphae/core'
import { type BoxKey, CoreError, type Delivery, type IoOptions, isFrameSize, toHex } from '@hyphae/core'
import { type MailboxSubject, TestkitError } from '@hyphae/testkit'
import { traits } from './memory-link.js'

const LOOK_MS = 2

/** What a mutant may know of: how often the connection was cut, nonsense said, and time passed. */
export interface Happened {
  cuts: number
  nonsense: number
  expired: number
}

export type MutateMailbox = (mailbox: Mailbox, happened: Happened) => Partial<Mailbox>

interface Item {
  readonly put: MailboxPut
  readonly cursor: number
}

interface State {
  readonly boxes: Map<string, Item[]>
  readonly ids: Set<string>
  cursor: number
}

export function memoryMailbox(mutate: MutateMailbox = () => ({})): MailboxSubject {
  const state: State = { boxes: new Map(), ids: new Set(), cursor: 0 }
  const happened: Happened = { cuts: 0, nonsense: 0, expired: 0 }
  const right = mailboxOf(state)
  const close = async (): Promise<void> => {}
  const mailbox = { ...right, ...mutate(right, happened) }
  return {
    carrier: { name: 'memory', traits, mailbox, close, [Symbol.asyncDispose]: close },
    cut: () => void happened.cuts++,
    garble: async () => void happened.nonsense++,
    expire: () => {
      happened.expired += 1
      state.boxes.clear()
    },
    dispose: close,
  }
}

function ready(options: IoOptions | undefined): void {
  if (options?.signal?.aborted) throw new CoreError('core/aborted')
}

function mailboxOf(state: State): Mailbox {
  const fetch = (box: BoxKey): Delivery[] =>
    (state.boxes.get(toHex(box.id)) ?? []).map(({ put, cursor }) => ({
      frame: put.frame.slice(),
      cursor,
      ack: async () => {
        const left = (state.boxes.get(toHex(box.id)) ?? []).filter((item) => item.cursor > cursor)
        state.boxes.set(toHex(box.id), left)
      },
    }))
  return {
    put: async (items, options) => {
      ready(options)
      if (items.some(({ frame, id }) => !isFrameSize(frame.length) || id.length !== 16))
        throw new TestkitError('testkit/refused')
      for (const put of items) {
        const name = toHex(put.box) + toHex(put.id)
        if (state.ids.has(name)) continue
        state.ids.add(name)
        const item = { put: { ...put, frame: put.frame.slice() }, cursor: ++state.cursor }
        state.boxes.set(toHex(put.box), [...(state.boxes.get(toHex(put.box)) ?? []), item])
      }
    },
    fetch: async (box, options) => {
      ready(options)
      return fetch(box).slice(0, options?.limit)
    },
    watch: async function* (box, options): AsyncGenerator<Delivery> {
      let given = 0
      while (!options?.signal?.aborted) {
        const next = fetch(box).find(({ cursor }) => cursor > given)
        if (next === undefined) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
        else {
          given = next.cursor
          yield next
        }
      }
    },
  }
}
