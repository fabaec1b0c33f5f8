// What the golden vectors are made of: fixed payloads and keys, in the words of the specification.
import { toHex } from '@hyphae/core'
import { createNobleCrypto, unsafeSeededRng } from '@hyphae/crypto'
import {
  buildTree,
  type CreateObject,
  createObject,
  cutMessage,
  encodeIndices,
  type Message,
} from '@hyphae/objects'
import { pattern } from '../support/world.js'

export interface Vectors {
  readonly trees: readonly { readonly size: number; readonly root: string; readonly blocks: number }[]
  readonly objects: readonly { readonly header: string; readonly hash: string; readonly size: number }[]
  readonly frames: readonly {
    readonly name: string
    readonly thin: boolean
    readonly frames: readonly string[]
  }[]
}

const crypto = createNobleCrypto({ rng: unsafeSeededRng(new Uint8Array(32).fill(1)) })

export function makeVectors(): Vectors {
  const owner = crypto.ed25519.importSeed(pattern(32, 5))
  const version = { name: pattern(32, 3), sequence: 9 }
  const wanted: CreateObject[] = [
    { payload: pattern(0), created: 0, ttl: 1 },
    { payload: pattern(1024), created: 1_700_000_000_000, ttl: 3600, priority: 'critical' },
    {
      payload: pattern(200_000),
      created: 1_700_000_000_000,
      priority: 'lazy',
      minBandwidthBps: 10_000,
      use: 1,
    },
    { payload: pattern(5000), created: 1, owner },
    { payload: pattern(5000), created: 1, owner, version },
    { payload: pattern(300), created: 1, ttl: 60, ephemeral: true },
  ]
  const objects = wanted.map((options) => createObject(crypto, options))
  const [small] = objects
  if (small === undefined) throw new Error('there are objects')
  const entry = { remaining: 60, headerBytes: small.headerBytes }
  const messages: Record<string, Message> = {
    hello: { kind: 'hello', greet: true },
    hint: { kind: 'hint', hashes: [small.hash] },
    digest: { kind: 'digest', entries: [entry] },
    object: { kind: 'object', entry, payload: pattern(200) },
    want: { kind: 'want', hashes: [small.hash] },
    ranges: { kind: 'request', hash: small.hash, blocks: encodeIndices([0, 1, 2, 900]) },
    bitmap: { kind: 'request', hash: small.hash, blocks: encodeIndices([4, 6, 8, 11]) },
    block: { kind: 'block', hash: small.hash, block: 7, data: pattern(100) },
    lack: { kind: 'lack', hashes: [small.hash] },
    known: { kind: 'known', hashes: [small.hash] },
  }
  return {
    trees: [0, 1, 3988, 3989, 494_512, 494_513, 1_000_000].map((size) => {
      const { root, shape } = buildTree(pattern(size))
      return { size, root: toHex(root), blocks: shape.blocks }
    }),
    objects: objects.map(({ headerBytes, hash, header }) => ({
      header: toHex(headerBytes),
      hash: toHex(hash),
      size: header.size,
    })),
    frames: Object.entries(messages).map(([name, message]) => ({
      name,
      thin: true,
      frames: cutMessage(message, 3, { mtu: 255, thin: true }).map(toHex),
    })),
  }
}
