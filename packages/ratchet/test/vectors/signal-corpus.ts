/** The seeds of the fuzz targets of the Signal wire and of stored prekeys. */
import { concatBytes } from '@hyphae/core'
import { pqFuzzWorld } from '../../fuzz/support/pq-world.js'
import { type SignalFuzzWorld, signalFuzzWorld } from '../../fuzz/support/signal-world.js'
import { fuzzWorld } from '../../fuzz/support/world.js'
import { encodePrekeyState } from '../../src/index.js'
import { decodeMessage } from '../../src/signal/message.js'
import { encodePrekeyMessage } from '../../src/signal/prekey-message.js'
import { bytesField, numberField } from '../../src/signal/protobuf.js'
import { decodePrekeyMessage, encodeSignalSession } from '../../src/signal.js'
import type { Corpus } from './corpus.js'

type Seeds = Record<string, Uint8Array>
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const ZERO_KEY = concatBytes(bytes(5), new Uint8Array(32))

function edited(input: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(input)
  copy.set(values, at < 0 ? input.length + at : at)
  return copy
}

function moment({ moments }: SignalFuzzWorld, kind: string): Uint8Array {
  const found = moments[kind]
  if (found === undefined) throw new Error(`nobody was in ${kind}`)
  return found.message
}

function messageSeeds(world: SignalFuzzWorld): Seeds {
  const good = moment(world, 'ct1-sampled')
  const [body, mac] = [good.subarray(1, -8), good.subarray(-8)]
  const wire = (...parts: Uint8Array[]): Uint8Array => concatBytes(bytes(0x44), ...parts, mac)
  const { ciphertext, pqMessage } = decodeMessage(good)
  const rest = [...numberField(2, 0), ...bytesField(4, ciphertext), ...bytesField(5, pqMessage)]
  const sent = Object.keys(world.moments).map((kind) => [`good-${kind}`, moment(world, kind)])
  return {
    ...Object.fromEntries(sent),
    empty: bytes(),
    'version-3': edited(good, 0, 0x34),
    'version-newer': edited(good, 0, 0x45),
    'mac-cut': good.subarray(0, -1),
    mac: edited(good, -1, 0),
    'key-zero': wire(...bytesField(1, ZERO_KEY), ...rest),
    'key-missing': wire(...rest),
    'counter-end': wire(...bytesField(1, ZERO_KEY), ...numberField(2, 0xffff_ffff)),
    'field-twice': wire(body, ...numberField(2, 0)),
    'field-zero': wire(body, bytes(0, 0)),
    'field-unknown': wire(body, ...numberField(9, 1)),
    'type-group': wire(body, bytes(0x4b)),
    'length-end': wire(body, bytes(0x4a, 0xff, 0xff, 0xff, 0xff, 0x0f)),
    'varint-long': wire(body, bytes(0x48, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)),
    'varint-two-ways': wire(body, bytes(0x48, 0x81, 0x00)),
    'pq-none': wire(...bytesField(1, ZERO_KEY), ...numberField(2, 0), ...bytesField(4, ciphertext)),
    'ciphertext-cut': wire(
      ...bytesField(1, ZERO_KEY),
      ...numberField(2, 0),
      ...bytesField(4, bytes(1, 2, 3)),
    ),
  }
}

function firstMessageSeeds(world: SignalFuzzWorld): Seeds {
  const good = world.firstMessage
  const content = decodePrekeyMessage(good)
  const other = (changes: Partial<typeof content>): Uint8Array =>
    encodePrekeyMessage({ ...content, ...changes })
  return {
    good,
    // Nothing covers these two.
    'good-registration': other({ registrationId: 77 }),
    'good-unknown-field': concatBytes(good, ...numberField(12, 1)),
    empty: bytes(),
    truncated: good.subarray(0, 900),
    'one-time-none': other({ prekeyId: undefined }),
    'one-time-unknown': other({ prekeyId: 9 }),
    'signed-unknown': other({ signedPrekeyId: 9 }),
    'kyber-unknown': other({ kyberPrekeyId: 9 }),
    'kyber-ciphertext': other({ kyberCiphertext: edited(content.kyberCiphertext, 9, 1, 2) }),
    'base-key': other({ baseKey: world.bundle.signedPrekey.key }),
    'base-key-zero': other({ baseKey: new Uint8Array(32) }),
    'identity-other': other({ identityKey: world.bob.publicKey }),
    'message-empty': other({ message: bytes() }),
    'message-cut': other({ message: content.message.subarray(0, -1) }),
    version: edited(good, 0, 0x33),
  }
}

function bundleSeeds({ bundle }: SignalFuzzWorld): Seeds {
  const { identityKey, signedPrekey, kyberPrekey, prekey } = bundle
  const part = (value: Uint8Array): Uint8Array =>
    concatBytes(bytes(value.length & 255, value.length >> 8), value)
  const head = (flags: number): Uint8Array => {
    const out = new Uint8Array(21).fill(0)
    out.set([flags, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
    return out
  }
  const parts = [
    identityKey,
    signedPrekey.key,
    signedPrekey.signature,
    kyberPrekey.key,
    kyberPrekey.signature,
  ]
  const of = (flags: number, values: readonly Uint8Array[]): Uint8Array =>
    concatBytes(head(flags), ...values.map(part))
  const swapped = (i: number, value: Uint8Array): Uint8Array => of(0, parts.with(i, value))
  return {
    good: of(1, [...parts, prekey?.key ?? bytes()]),
    'good-without-one-time': of(0, parts),
    empty: bytes(),
    'id-end': edited(of(0, parts), 9, 255, 255, 255, 255),
    identity: swapped(0, signedPrekey.key),
    'identity-short': swapped(0, identityKey.subarray(1)),
    'signed-zero': swapped(1, new Uint8Array(32)),
    'signed-other': swapped(1, identityKey),
    'signature-short': swapped(2, signedPrekey.signature.subarray(1)),
    signature: swapped(2, edited(signedPrekey.signature, 3, 0, 0)),
    'kyber-short': swapped(3, kyberPrekey.key.subarray(2)),
    'kyber-modulus': swapped(3, edited(kyberPrekey.key, 0, 255, 255, 255)),
    'signatures-swapped': of(0, parts.with(2, kyberPrekey.signature).with(4, signedPrekey.signature)),
    'one-time-zero': of(1, [...parts, new Uint8Array(32)]),
    truncated: of(1, parts).subarray(0, 1000),
  }
}

function pqSeeds(world: SignalFuzzWorld): Seeds {
  const sent = Object.keys(world.moments).map((kind) => [
    `good-${kind}`,
    decodeMessage(moment(world, kind)).pqMessage,
  ])
  const chunk = new Uint8Array(32).fill(3)
  return {
    ...Object.fromEntries(sent),
    empty: bytes(),
    'version-0': bytes(0, 1, 1, 0),
    'version-2': bytes(2, 1, 1, 0),
    'epoch-zero': bytes(1, 0, 1, 0),
    'index-zero': bytes(1, 1, 0, 0),
    'epoch-end': bytes(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0),
    'epoch-beyond': bytes(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0),
    'good-index-far': bytes(1, 1, 0xa0, 0xc3, 0x01, 0),
    'index-too-far': bytes(1, 1, 0xff, 0xc3, 0x01, 0),
    'index-end': bytes(1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0),
    'type-7': bytes(1, 1, 1, 7),
    'chunk-index-end': concatBytes(bytes(1, 1, 1, 1, 0xff, 0xff, 0x03), chunk, bytes(0)),
    'chunk-index-beyond': concatBytes(bytes(1, 1, 1, 1, 0x80, 0x80, 0x04), chunk),
    'chunk-cut': concatBytes(bytes(1, 1, 1, 1, 0), chunk.subarray(1)),
    trailing: bytes(1, 1, 1, 0, 0),
  }
}

function snapshotSeeds(world: SignalFuzzWorld): Seeds {
  const { crypto, moments, unanswered } = world
  const stored = Object.entries(moments).map(([kind, { session }]) => [
    `good-${kind}`,
    encodeSignalSession(crypto, session),
  ])
  const good = Object.fromEntries(stored) as Seeds
  const begun = encodeSignalSession(crypto, unanswered)
  return {
    ...good,
    'good-unanswered': begun,
    empty: bytes(),
    version: edited(begun, 0, 2),
    'version-two-ways': concatBytes(bytes(0x81, 0), begun.subarray(1)),
    'key-zero': edited(begun, 1, ...new Uint8Array(32)),
    'pending-two': edited(begun, 129, 2),
    truncated: begun.subarray(0, 1500),
    trailing: concatBytes(begun, bytes(0)),
  }
}

function prekeySeeds(): Seeds {
  const [world, pq] = [fuzzWorld(), pqFuzzWorld()]
  const classic = encodePrekeyState(world.crypto, world.prekeys)
  const postQuantum = encodePrekeyState(pq.crypto, pq.prekeys)
  return {
    'good-classic': classic,
    'good-post-quantum': postQuantum,
    'good-next-id': edited(classic, 1, 9),
    empty: bytes(),
    version: edited(classic, 0, 3),
    'version-2-without-kem': edited(classic, 0, 2),
    'next-id': edited(classic, 1, 1),
    'signed-none': edited(classic, 5, 0),
    'signed-four': edited(classic, 5, 4),
    'signed-id-zero': edited(classic, 6, 0),
    'one-time-count': edited(classic, 80, 255, 255),
    'one-time-of-no-signed': edited(classic, 86, 9),
    'kem-unknown': edited(postQuantum, 80, 3),
    'kem-none': edited(postQuantum, 80, 0),
    truncated: postQuantum.subarray(0, 200),
    trailing: concatBytes(classic, bytes(0)),
  }
}

export function makeSignalCorpus(): Corpus {
  const world = signalFuzzWorld()
  return {
    'signal-message': messageSeeds(world),
    'signal-first-message': firstMessageSeeds(world),
    'signal-bundle': bundleSeeds(world),
    'signal-pq': pqSeeds(world),
    'signal-snapshot': snapshotSeeds(world),
    prekeys: prekeySeeds(),
  }
}
