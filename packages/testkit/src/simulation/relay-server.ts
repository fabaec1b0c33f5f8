/**
 * A simulated relay: one endpoint of the network that stores mail, records and blobs durably, is honest unless
 * told otherwise, and writes down what it sees. The network and its faults are the clients' affair.
 */
import { type Blob, isFrameSize, KEY_BYTES, type MailboxPut, toHex } from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { type Liar, liar, type RelayLies } from './lies.js'
import type { SimulatedNetwork } from './network.js'
import { type BoxItem, type RelayBox, relayBox } from './relay-box.js'
import { type DirectoryChecks, type DirectoryTable, directoryTable } from './relay-directory.js'

/** True when `signature` is the Ed25519 signature of `message` under `publicKey`. */
export type VerifyProof = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

export interface RelayChecks extends DirectoryChecks {
  readonly proof?: VerifyProof
  readonly blob?: (blob: Blob) => boolean
}

export interface RelayOptions {
  readonly lies?: RelayLies
  /** What is left out is not verified. */
  readonly checks?: RelayChecks
}

/** The part of a relay that a harness holds. */
export interface SimulatedRelay {
  readonly name: string
  /** What is stored stays; calls are not answered until `restart`. */
  crash(): void
  restart(): void
  /** From now on. `{}` is honest. */
  lie(lies: RelayLies): void
  /** Shows everything that was withheld. */
  release(): void
  /** Frames that wait, shown or withheld. */
  waiting(): number
}

/** The part that carriers talk to; every call has arrived by then. */
export interface RelayServer extends SimulatedRelay {
  readonly directory: DirectoryTable
  readonly blobs: Map<string, Uint8Array>
  readonly checks: RelayChecks
  readonly liar: Liar
  readonly up: boolean
  see(connection: string, address: string, action: string, subject: Uint8Array, bytes: number): void
  put(puts: readonly MailboxPut[]): void
  shown(box: Uint8Array, cursor: number, limit: number): readonly BoxItem[]
  acknowledge(box: Uint8Array, cursor: number): void
  /** Calls `wake` once, when something new is shown in the box; undo with what it returns. */
  onNews(box: Uint8Array, wake: () => void): () => void
}

const ID_BYTES = 16

/** @throws TestkitError `testkit/refused` */
export function checkPuts(puts: readonly MailboxPut[]): void {
  for (const { box, id, frame } of puts)
    if (box.length !== KEY_BYTES || id.length !== ID_BYTES || !isFrameSize(frame.length))
      throw new TestkitError('testkit/refused', {
        details: { reason: 'not a frame', boxBytes: box.length, idBytes: id.length, bytes: frame.length },
      })
}

export function relayServer(network: SimulatedNetwork, name: string, options: RelayOptions): RelayServer {
  const sim = network.simulation
  const boxes = new Map<string, RelayBox>()
  const waiters = new Map<string, Set<() => void>>()
  const truth = liar(sim.random(`relay ${name}`), options.lies ?? {})
  let up = true

  const boxOf = (id: Uint8Array): RelayBox => {
    const key = toHex(id)
    const known = boxes.get(key)
    if (known !== undefined) return known
    const made = relayBox(() => {
      for (const wake of [...(waiters.get(key) ?? [])]) wake()
    })
    boxes.set(key, made)
    return made
  }
  network.attach(name, () => up)
  return {
    name,
    directory: directoryTable(options.checks ?? {}),
    blobs: new Map(),
    checks: options.checks ?? {},
    liar: truth,
    get up() {
      return up
    },
    crash: () => {
      sim.log(name, 'crashes')
      up = false
      waiters.clear()
    },
    restart: () => {
      sim.log(name, 'restarts')
      up = true
    },
    lie: (lies) => {
      truth.lies = lies
    },
    release: () => {
      sim.log(name, 'releases')
      for (const box of boxes.values()) box.release()
    },
    waiting: () => [...boxes.values()].reduce((sum, box) => sum + box.waiting(), 0),
    see: (connection, address, action, subject, bytes) =>
      network.observations.see({
        observer: name,
        connection,
        address,
        action,
        subject: toHex(subject),
        bytes,
      }),
    put: (puts) => {
      for (const put of puts) {
        const fate = truth.fateOf(put)
        if (fate !== 'stored') sim.log(name, 'lies', fate)
        if (fate === 'dropped') boxOf(put.box).swallow(put.id)
        else boxOf(put.box).put(put.id, put.frame, fate === 'withheld')
      }
    },
    shown: (box, cursor, limit) => truth.shown(boxOf(box), cursor, limit),
    acknowledge: (box, cursor) => boxOf(box).acknowledge(cursor),
    onNews: (box, wake) => {
      const key = toHex(box)
      const group = waiters.get(key) ?? new Set()
      waiters.set(key, group.add(wake))
      return () => void group.delete(wake)
    },
  }
}
