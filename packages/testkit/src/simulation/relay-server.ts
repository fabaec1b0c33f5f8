/**
 * A simulated relay: one endpoint of the network that stores mail, records and blobs durably, is honest unless
 * told otherwise, and writes down what it sees. The network and its faults are the clients' affair.
 */
import {
  type Blob,
  type BucketPart,
  type BucketPrefix,
  type DirectoryRecord,
  isFrameSize,
  KEY_BYTES,
  type MailboxPut,
  toHex,
} from '@hyphae/core'
import { TestkitError } from '../errors.js'
import { BUCKET_BOXES, LONG_POLL_MS } from '../limits.js'
import { type Liar, liar, type RelayLies } from './lies.js'
import type { SimulatedNetwork } from './network.js'
import type { Sighting } from './observations.js'
import type { BoxItem } from './relay-box.js'
import { relayBoxes } from './relay-boxes.js'
import { bitsFor, boxesWithMail, bucketPart } from './relay-buckets.js'
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
  /** How long a reader waits for something to come before it is told that nothing did; default LONG_POLL_MS. */
  readonly holdMs?: number
  /** Boxes with mail, or records, that a bucket shall hold in the mean; default 64. */
  readonly bucketBoxes?: number
  /** What the relay says of its bits, whatever the truth is. */
  readonly claimedBits?: number
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

/** What a client does, as a relay sees it. */
export interface RelaySighting extends Omit<Sighting, 'at' | 'observer' | 'subject'> {
  readonly subject: Uint8Array
}

/** The part that carriers talk to; every call has arrived by then. */
export interface RelayServer extends SimulatedRelay {
  readonly directory: DirectoryTable
  readonly blobs: Map<string, Uint8Array>
  readonly checks: RelayChecks
  readonly liar: Liar
  readonly up: boolean
  readonly holdMs: number
  see(sighting: RelaySighting): void
  /** Bits of a bucket that a reader is told to use. */
  bucketBits(): number
  bucket(bucket: BucketPrefix, after: number, limit: number): BucketPart
  /** Bits of a bucket of records, and all records, as the relay tells of them. */
  recordBits(): number
  records(): DirectoryRecord[]
  put(puts: readonly MailboxPut[]): void
  shown(box: Uint8Array, cursor: number, limit: number): readonly BoxItem[]
  acknowledge(box: Uint8Array, cursor: number): void
  /** Calls `wake` whenever something new is shown in the box, until what it returns is called. */
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
  const boxes = relayBoxes()
  const truth = liar(sim.random(`relay ${name}`), options.lies ?? {})
  const directory = directoryTable(options.checks ?? {})
  const { bucketBoxes = BUCKET_BOXES } = options
  let up = true

  network.attach(name, () => up)
  return {
    name,
    directory,
    blobs: new Map(),
    checks: options.checks ?? {},
    liar: truth,
    get up() {
      return up
    },
    crash: () => {
      sim.log(name, 'crashes')
      up = false
      boxes.forgetWaiters()
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
      for (const box of boxes.all()) box.release()
    },
    waiting: () => [...boxes.all()].reduce((sum, box) => sum + box.waiting(), 0),
    holdMs: options.holdMs ?? LONG_POLL_MS,
    see: ({ subject, ...rest }) =>
      network.observations.see({ observer: name, subject: toHex(subject), ...rest }),
    bucketBits: () => options.claimedBits ?? bitsFor(boxesWithMail(boxes), bucketBoxes),
    bucket: (bucket, after, limit) => bucketPart(boxes.log, bucket, after, limit),
    recordBits: () => options.claimedBits ?? bitsFor(directory.addresses().length, bucketBoxes),
    records: () => directory.addresses().flatMap((address) => truth.records(directory, address)),
    put: (puts) => {
      for (const put of puts) {
        const fate = truth.fateOf(put)
        if (fate !== 'stored') sim.log(name, 'lies', fate)
        if (fate === 'dropped') boxes.at(put.box).swallow(put.id)
        else boxes.at(put.box).put(put.id, put.frame, fate === 'withheld')
      }
    },
    shown: (box, cursor, limit) => truth.shown(boxes.at(box), cursor, limit),
    acknowledge: (box, cursor) => boxes.at(box).acknowledge(cursor),
    onNews: boxes.onNews,
  }
}
