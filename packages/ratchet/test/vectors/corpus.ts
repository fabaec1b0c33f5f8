/** The seeds of each fuzz target: good inputs of the fixed world, and the edges of each format. Any small set that reaches every branch. */

import { pqFuzzWorld } from '../../fuzz/support/pq-world.js'
import { fuzzWorld } from '../../fuzz/support/world.js'
import { encodeSession } from '../../src/index.js'
import { encodeChunks } from '../../src/pq/erasure.js'
import { encodeMessage } from '../../src/pq/message.js'

export type Corpus = Readonly<Record<string, Readonly<Record<string, Uint8Array>>>>

function edited(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(values, at)
  return copy
}

function bundleSeeds(oneTime: Uint8Array, lastResort: Uint8Array): Record<string, Uint8Array> {
  const end = oneTime.length - 64
  const kem = Uint8Array.from([...lastResort.subarray(0, lastResort.length - 64), 6, 2, 1, 1])
  return {
    'one-time': oneTime,
    'last-resort': lastResort,
    empty: new Uint8Array(0),
    version: edited(oneTime, 0, 2),
    suite: edited(oneTime, 1, 2),
    flags: edited(oneTime, 2, 3),
    'flag-against-record': edited(oneTime, 2, 1),
    'record-truncated': edited(oneTime, end - 37, 200),
    'record-extended-form': edited(oneTime, 4, 0xff, 0, 1, 32, 0),
    'id-zero': edited(oneTime, end - 36, 0, 0, 0, 0),
    'kem-record': Uint8Array.from([...kem, ...lastResort.subarray(-64)]),
    signature: edited(oneTime, end, 0),
    'signature-only': oneTime.subarray(end),
  }
}

function handshakeSeeds(good: Uint8Array): Record<string, Uint8Array> {
  return {
    good,
    empty: new Uint8Array(0),
    truncated: good.subarray(0, 79),
    version: edited(good, 0, 9),
    suite: edited(good, 1, 3),
    reserved: edited(good, 2, 1),
    'signed-prekey-zero': edited(good, 4, 0),
    'signed-prekey-unknown': edited(good, 4, 200),
    'one-time-zero': edited(good, 8, 0),
    'one-time-other': edited(good, 8, 3),
    'base-key-zero': edited(good, 12, ...new Array(32).fill(0)),
    'ratchet-key-zero': edited(good, 44, ...new Array(32).fill(0)),
    'kem-length': edited(good, 76, 255, 255),
    'context-length': edited(good, 78, 255, 255),
    confirmation: edited(good, good.length - 1, 0),
  }
}

function snapshotSeeds(good: Uint8Array): Record<string, Uint8Array> {
  return {
    good,
    empty: new Uint8Array(0),
    version: edited(good, 0, 0x2d),
    'no-receiving': edited(good, 0, 0x10),
    due: edited(good, 0, 0x1f),
    'without-late': edited(good, 0, 0x15),
    'counter-end': edited(good, 327, 255, 255, 255),
    'counter-last': edited(good, 327, 254, 255, 255),
    'receiving-end': edited(good, 397, 255, 255, 255),
    'late-count': edited(good, 400, 255, 255),
    'late-zero': edited(good, 400, 0, 0),
    'peer-key-zero': edited(good, 103, ...new Array(32).fill(0)),
  }
}

function frameSeeds(frames: readonly Uint8Array[]): Record<string, Uint8Array> {
  const [current, next, late, read] = frames as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return {
    current,
    next,
    late,
    read,
    empty: new Uint8Array(0),
    'size-129': new Uint8Array(129),
    'size-4096': new Uint8Array(4096),
    version: edited(current, 0, 2),
    flags: edited(current, 1, 1),
    tag: edited(current, 2, 0, 0),
    'ratchet-key': edited(next, 16, 1, 2, 3),
    counter: edited(current, 48, 0, 0, 0),
    length: edited(current, 54, 0, 0),
    body: edited(current, 60, 0, 0),
    larger: Uint8Array.from([...current, ...new Uint8Array(384)]),
  }
}

function pqBundleSeeds(oneTime: Uint8Array, lastResort: Uint8Array): Record<string, Uint8Array> {
  const end = oneTime.length - 64
  const record = end - 1190
  return {
    'one-time': oneTime,
    'last-resort': lastResort,
    'suite-1': edited(oneTime, 1, 1),
    'flags-last-resort': edited(oneTime, 2, 1),
    'kem-unknown': edited(oneTime, record, 3),
    'kem-1024': edited(oneTime, record, 2),
    'kem-flag': edited(oneTime, record + 1, 1),
    'kem-id': edited(oneTime, record + 2, 200),
    'kem-key': edited(oneTime, record + 9, 255, 255, 255),
    'kem-missing': Uint8Array.from([...oneTime.subarray(0, record - 5), ...oneTime.subarray(end)]),
    'kem-short': edited(oneTime, record - 2, 8, 0),
    signature: edited(oneTime, end, 0, 0),
  }
}

function pqHandshakeSeeds(good: Uint8Array): Record<string, Uint8Array> {
  return {
    good,
    'suite-1': edited(good, 1, 1),
    'kem-empty': Uint8Array.from([...good.subarray(0, 76), 0, 0, 0, 0, ...good.subarray(-32)]),
    'kem-length': edited(good, 76, 0, 1),
    'kem-length-end': edited(good, 76, 255, 255),
    'kem-id': edited(good, 78, 1),
    'kem-ciphertext': edited(good, 500, 1, 2, 3),
    'one-time-none': edited(good, 8, 0, 0, 0, 0),
    'base-key-zero': edited(good, 12, ...new Array(32).fill(0)),
    confirmation: edited(good, good.length - 1, 0),
    truncated: good.subarray(0, 1000),
  }
}

function pqSnapshotSeeds(sessions: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  const { resting, awaiting, answering } = sessions as Record<string, Uint8Array>
  if (resting === undefined || awaiting === undefined || answering === undefined) throw new Error('no states')
  const state = resting.length - 79
  return {
    ...sessions,
    'version-1': edited(answering, 0, 0x14 | ((answering[0] as number) & 3)),
    'epoch-odd': edited(resting, state, 1),
    'epoch-end': edited(resting, state, 254, 255, 255, 255),
    'kind-unknown': edited(resting, state + 14, 0x50),
    'kind-moved': edited(resting, state + 14, 0x20),
    'flag-unknown': edited(resting, state + 14, 0x02),
    'chunks-too-many': edited(awaiting, awaiting.length - 2, 4),
    'truncated-answer': answering.subarray(0, answering.length - 16),
    trailing: Uint8Array.from([...resting, 0]),
  }
}

function paddingSeeds(): Record<string, Uint8Array> {
  const run = (value: number, first: number, length: number, count: number) => ({
    value,
    first,
    data: encodeChunks(new Uint8Array(length).fill(3), first, count),
  })
  const good = encodeMessage({ acks: 1, runs: [run(0, 0, 64, 4), run(1, 70, 1152, 8)] })
  return {
    good,
    nothing: new Uint8Array(40),
    empty: new Uint8Array(0),
    acknowledged: encodeMessage({ acks: 3, runs: [] }),
    answer: encodeMessage({ acks: 0, runs: [run(0, 60, 960, 60), run(1, 0, 128, 8)] }),
    key: encodeMessage({ acks: 0, runs: [run(0, 0, 64, 4), run(1, 0, 1152, 72)] }),
    version: edited(good, 0, 0x21),
    acks: edited(good, 0, 0x15),
    'run-empty': edited(good, 1, 0x80),
    'run-long': edited(good, 1, 0x7f),
    'index-end': edited(good, 2, 255),
    order: edited(good, 1, 0x84),
    trailing: Uint8Array.from([...good, 0, 1]),
  }
}

export function makeCorpus(): Corpus {
  const world = fuzzWorld()
  const pq = pqFuzzWorld()
  const sessions = Object.entries(pq.sessions).map(([name, session]) => [name, encodeSession(session)])
  return {
    'pq-bundle': pqBundleSeeds(...pq.bundles),
    'pq-handshake': pqHandshakeSeeds(pq.handshake),
    'pq-snapshot': pqSnapshotSeeds(Object.fromEntries(sessions)),
    'pq-padding': paddingSeeds(),
    bundle: bundleSeeds(world.bundles[0] as Uint8Array, world.bundles[2] as Uint8Array),
    handshake: handshakeSeeds(world.handshake),
    snapshot: snapshotSeeds(encodeSession(world.session)),
    frame: frameSeeds(world.frames),
  }
}
