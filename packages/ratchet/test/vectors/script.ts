/** The transcripts that the vectors freeze: what a second implementation has to get right, and to refuse. */
import { fromHex, toHex, utf8 } from '@hyphae/core'
import { unsafeSeededRng } from '@hyphae/crypto'
import type { PostQuantum } from '../../src/index.js'
import { createPostQuantum, postQuantum } from '../../src/pq.js'
import { type Fields, Machine, type Vector } from './machine.js'

const NOW = 1_700_000_000_000

/** A conversation under construction: short names for the steps, and the last outputs. */
class Scene {
  readonly machine: Machine
  readonly #name: string

  constructor(name: string, seed: number, pq?: PostQuantum) {
    this.#name = name
    this.machine = new Machine(unsafeSeededRng(new Uint8Array(32).fill(seed)), pq)
  }

  devices(): void {
    this.machine.run('device', { name: 'alice' })
    this.machine.run('device', { name: 'bob' })
  }

  /** Alice begins with one of Bob's bundles, and Bob accepts; returns the handshake. */
  begin(bundle: string, context = ''): string {
    const begun = this.machine.run('initiate', { by: 'alice', to: 'bob', bundle, now: NOW + 1, context })
    const handshake = String(begun.handshake)
    this.machine.run('accept', { by: 'bob', from: 'alice', handshake, now: NOW + 2 })
    return handshake
  }

  publish(count: number): Fields {
    return this.machine.run('prekeys', { of: 'bob', now: NOW, count })
  }

  send(by: string, text: string, size = 128): string {
    return String(this.machine.run('encrypt', { by, body: toHex(utf8(text)), size }).frame)
  }

  read(by: string, frame: string): void {
    this.machine.run('decrypt', { by, frame, now: NOW + 3 })
  }

  refuse(kind: string, why: string, input: string, by = 'bob', from = 'alice'): void {
    this.machine.run('refuse', { kind, why, by, from, input })
  }

  restart(by: string): void {
    this.machine.run('restart', { by })
  }

  done(): Vector {
    return { name: this.#name, random: this.machine.random, steps: this.machine.steps }
  }
}

function edited(hex: string, at: number, ...values: number[]): string {
  const bytes = fromHex(hex)
  bytes.set(values, at)
  return toHex(bytes)
}

function conversation(): Vector {
  const scene = new Scene('a one-time prekey, then messages both ways over several chains', 1)
  scene.devices()
  const bundles = scene.publish(2).bundles as readonly string[]
  const handshake = scene.begin(String(bundles[0]), toHex(utf8('context')))
  scene.refuse('handshake', 'its one-time prekey was used', handshake)
  for (let round = 0; round < 3; round++) {
    scene.read('bob', scene.send('alice', `alice ${round}`))
    scene.read('bob', scene.send('alice', 'x'.repeat(440), 512))
    scene.restart('bob')
    scene.read('alice', scene.send('bob', `bob ${round}`, 2048))
    scene.restart('alice')
  }
  return scene.done()
}

function disorder(): Vector {
  const scene = new Scene('last resort, the responder first, late and crossing messages', 2)
  scene.devices()
  scene.begin(String(scene.publish(1).lastResort))
  scene.read('alice', scene.send('bob', 'first'))
  const chain = Array.from({ length: 20 }, (_, i) => scene.send('alice', `late ${i}`))
  const crossing = scene.send('bob', 'crossing')
  scene.read('bob', String(chain[19]))
  scene.read('bob', String(chain[3]))
  scene.refuse('frame', 'it was read', String(chain[3]))
  scene.restart('bob')
  scene.read('alice', crossing)
  scene.read('bob', scene.send('alice', 'the same chain still'))
  scene.read('alice', scene.send('bob', 'turn'))
  const next = [scene.send('alice', 'new 0'), scene.send('alice', 'new 1')]
  scene.read('bob', String(next[1]))
  scene.read('bob', String(chain[0]))
  scene.read('bob', String(next[0]))
  return scene.done()
}

function rotation(): Vector {
  const scene = new Scene('a signed prekey two rotations old works, three rotations old does not', 3)
  scene.devices()
  const bundle = String((scene.publish(1).bundles as readonly string[])[0])
  scene.machine.run('rotate', { of: 'bob', now: NOW + 10 })
  scene.machine.run('rotate', { of: 'bob', now: NOW + 20 })
  const handshake = scene.begin(bundle)
  scene.read('bob', scene.send('alice', 'hello'))
  scene.machine.run('rotate', { of: 'bob', now: NOW + 30 })
  scene.refuse('handshake', 'its signed prekey was rotated away', handshake)
  return scene.done()
}

function refusedBundles(): Vector {
  const scene = new Scene('bundles that must be refused', 4)
  scene.devices()
  const { bundles, lastResort } = scene.publish(1)
  const good = String((bundles as readonly string[])[0])
  const end = good.length / 2 - 64
  const refuse = (why: string, input: string, from = 'bob'): void =>
    scene.refuse('bundle', why, input, 'alice', from)
  refuse('of another device', good, 'alice')
  refuse('version', edited(good, 0, 2))
  refuse('suite', edited(good, 1, 2))
  refuse('flags', edited(good, 2, 2))
  refuse('last-resort flag beside a one-time prekey', edited(good, 2, 1))
  refuse('reserved byte', edited(good, 3, 1))
  refuse('one-time prekey replaced', edited(good, end - 1, 1))
  refuse('one-time prekey taken out', good.slice(0, 2 * (end - 38)) + good.slice(2 * end))
  refuse('signature', edited(good, end, 0, 0, 0, 0))
  refuse('last-resort flag taken away', edited(String(lastResort), 2, 0))
  refuse('truncated', good.slice(0, -2))
  refuse('empty', '')
  return scene.done()
}

function refusedHandshakes(): Vector {
  const scene = new Scene('handshakes that must be refused, and consume nothing', 5)
  scene.devices()
  const bundle = String((scene.publish(2).bundles as readonly string[])[0])
  const begun = scene.machine.run('initiate', { by: 'alice', to: 'bob', bundle, now: NOW, context: '00' })
  const good = String(begun.handshake)
  const refuse = (why: string, input: string): void => scene.refuse('handshake', why, input)
  refuse('version', edited(good, 0, 2))
  refuse('suite', edited(good, 1, 2))
  refuse('reserved bytes', edited(good, 2, 1))
  refuse('signed prekey never issued', edited(good, 4, 9))
  refuse('signed prekey id of a one-time prekey', edited(good, 4, 2))
  refuse('one-time prekey left out', edited(good, 8, 0))
  refuse('another one-time prekey', edited(good, 8, 3))
  refuse('one-time prekey never issued', edited(good, 8, 9))
  refuse('base key zero', edited(good, 12, ...new Array<number>(32).fill(0)))
  refuse('base key not canonical', edited(good, 43, 0xff))
  refuse('ratchet key one', edited(good, 44, 1, ...new Array<number>(31).fill(0)))
  refuse('KEM slot filled', edited(good, 76, 1))
  refuse('context longer than allowed', edited(good, 78, 0xff, 0xff))
  refuse('context changed', edited(good, 80, 1))
  refuse('confirmation', edited(good, good.length / 2 - 1, 0))
  refuse('truncated', good.slice(0, -2))
  refuse('trailing byte', `${good}00`)
  refuse('empty', '')
  scene.machine.run('accept', { by: 'bob', from: 'alice', handshake: good, now: NOW })
  return scene.done()
}

function refusedFrames(): Vector {
  const scene = new Scene('frames and snapshots that must be refused', 6)
  scene.devices()
  scene.begin(String((scene.publish(1).bundles as readonly string[])[0]))
  const reflected = scene.send('alice', 'one')
  scene.read('bob', reflected)
  const answer = scene.send('bob', 'two')
  scene.read('alice', answer)
  const current = scene.send('alice', 'three')
  const refuse = (why: string, input: string): void => scene.refuse('frame', why, input)
  refuse('own frame reflected', answer)
  refuse('version', edited(current, 0, 2))
  refuse('second byte', edited(current, 1, 1))
  refuse('tag', edited(current, 2, 0, 0, 0))
  refuse('ratchet key', edited(current, 16, 0, 0, 0))
  refuse('message number', edited(current, 48, 0, 0, 0))
  refuse('length', edited(current, 54, 0, 0))
  refuse('body', edited(current, 60, 0, 0, 0))
  refuse('authentication tag', edited(current, 127, 0))
  refuse('size 127', current.slice(0, -2))
  refuse('size 4096', current + '00'.repeat(4096 - 128))
  scene.read('bob', current)
  const snapshot = String(scene.machine.run('restart', { by: 'bob' }).snapshot)
  scene.refuse('snapshot', 'version', edited(snapshot, 0, 0x27))
  scene.refuse('snapshot', 'impossible flags', edited(snapshot, 0, 0x11))
  scene.refuse('snapshot', 'truncated', snapshot.slice(0, -2))
  scene.refuse('snapshot', 'trailing byte', `${snapshot}00`)
  scene.refuse('snapshot', 'peer agreement key zero', edited(snapshot, 103, ...new Array<number>(32).fill(0)))
  return scene.done()
}

export function makeVectors(): Vector[] {
  return [conversation(), disorder(), rotation(), refusedBundles(), refusedHandshakes(), refusedFrames()]
}

function largeKem(): Vector {
  const scene = new Scene('suite 2: ML-KEM-1024 prekeys', 12, createPostQuantum({ prekeyKem: 'ml-kem-1024' }))
  scene.devices()
  scene.begin(String(scene.publish(1).lastResort))
  scene.read('alice', scene.send('bob', 'first'))
  scene.read('bob', scene.send('alice', 'second'))
  scene.restart('bob')
  return scene.done()
}

function epochs(): Vector {
  const scene = new Scene(
    'suite 2: three epochs, one of them chunk by chunk with losses and restarts',
    11,
    postQuantum,
  )
  scene.devices()
  const handshake = scene.begin(
    String((scene.publish(2).bundles as readonly string[])[0]),
    toHex(utf8('context')),
  )
  scene.refuse('handshake', 'its one-time prekey was used', handshake)
  const exchange = (count: number, size: number): Fields =>
    scene.machine.run('exchange', {
      first: 'alice',
      second: 'bob',
      count,
      size,
      body: toHex(utf8('on')),
      now: NOW + 10,
    })
  exchange(32, 128)
  const late = scene.send('alice', 'late')
  // Losses, so that parity is needed, and headers answered before the key is whole.
  for (let round = 0; round < 6; round++) {
    scene.send('alice', `lost ${round}`)
    scene.read('bob', scene.send('alice', `alice ${round}`, 512))
    scene.restart('bob')
    scene.read('alice', scene.send('bob', `bob ${round}`, 512))
    scene.restart('alice')
  }
  scene.read('bob', late)
  scene.refuse('frame', 'it was read', late)
  exchange(96, 2048)
  scene.restart('alice')
  scene.restart('bob')
  return scene.done()
}

function refusedPostQuantum(): Vector {
  const scene = new Scene('suite 2: bundles, handshakes and snapshots that must be refused', 13, postQuantum)
  scene.devices()
  const { bundles, lastResort } = scene.publish(2)
  const bundle = String((bundles as readonly string[])[0])
  const record = bundle.length / 2 - 64 - 1190
  const refuse = (why: string, input: string): void => scene.refuse('bundle', why, input, 'alice', 'bob')
  refuse('suite 1 with a KEM prekey', edited(bundle, 1, 1))
  refuse('KEM prekey taken out', bundle.slice(0, 2 * (record - 5)) + bundle.slice(2 * (record + 1190)))
  refuse('unknown KEM', edited(bundle, record, 9))
  refuse('ML-KEM-1024 with a key of ML-KEM-768', edited(bundle, record, 2))
  refuse('one-time KEM prekey flagged last-resort', edited(bundle, record + 1, 1))
  refuse(
    'last-resort KEM prekey flagged one-time',
    edited(String(lastResort), String(lastResort).length / 2 - 64 - 1189, 0),
  )
  refuse('KEM prekey id', edited(bundle, record + 2, 9))
  refuse('KEM key changed', edited(bundle, record + 100, 1, 2, 3))
  const begun = scene.machine.run('initiate', { by: 'alice', to: 'bob', bundle, now: NOW, context: '' })
  const good = String(begun.handshake)
  const handshake = (why: string, input: string): void => scene.refuse('handshake', why, input)
  handshake('suite 1 with a KEM part', edited(good, 1, 1))
  handshake('KEM part taken out', `${good.slice(0, 152)}00000000${good.slice(-64)}`)
  handshake('KEM part taken out, suite 1', `${edited(good, 1, 1).slice(0, 152)}00000000${good.slice(-64)}`)
  handshake('KEM prekey id', edited(good, 78, 3))
  handshake('KEM ciphertext', edited(good, 500, 1, 2, 3))
  handshake('KEM length', edited(good, 76, 1))
  scene.machine.run('accept', { by: 'bob', from: 'alice', handshake: good, now: NOW })
  scene.read('bob', scene.send('alice', 'one'))
  scene.read('alice', scene.send('bob', 'two'))
  const frame = scene.send('alice', 'three')
  scene.refuse('frame', 'epoch', edited(frame, 55, 0xff))
  scene.refuse('frame', 'body', edited(frame, 100, 1, 2))
  scene.read('bob', frame)
  const snapshot = String(scene.machine.run('restart', { by: 'bob' }).snapshot)
  scene.refuse('snapshot', 'version 1', edited(snapshot, 0, 0x17))
  scene.refuse('snapshot', 'truncated', snapshot.slice(0, -2))
  scene.refuse('snapshot', 'trailing byte', `${snapshot}00`)
  return scene.done()
}

/** Suite 2. */
export function makePqVectors(): Vector[] {
  return [epochs(), largeKem(), refusedPostQuantum()]
}
