// Encodings, transcripts and pre-shared keys: the vectors through this package's strict codecs and providers.
import { existsSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import type { Decoder, PreSharedKeyID } from 'ts-mls'
import { decodeAuthenticatedContent } from 'ts-mls/authenticatedContent.js'
import type { BufferEncoder } from 'ts-mls/codec/tlsEncoder.js'
import { commitEncoder, decodeCommit } from 'ts-mls/commit.js'
import { createConfirmationTag } from 'ts-mls/framedContent.js'
import { decodeGroupSecrets, groupSecretsEncoder } from 'ts-mls/groupSecrets.js'
import {
  addEncoder,
  decodeAdd,
  decodeExternalInit,
  decodeGroupContextExtensions,
  decodePSK,
  decodeReinit,
  decodeRemove,
  decodeUpdate,
  externalInitEncoder,
  groupContextExtensionsEncoder,
  pskEncoder,
  reinitEncoder,
  removeEncoder,
  updateEncoder,
} from 'ts-mls/proposal.js'
import { createInterimHash } from 'ts-mls/transcriptHash.js'
import type { NodeIndex } from 'ts-mls/treemath.js'
import * as treemath from 'ts-mls/treemath.js'
import { describe, expect, it } from 'vitest'
import { decodeExact, decodeMessage, encodeMessage } from '../../src/codec.js'
import { transcriptInput } from '../../src/commit-codec.js'
import { MlsError, type MlsSuite } from '../../src/index.js'
import { suiteOf } from '../../src/provider.js'
import { pskSecretOf } from '../../src/psk.js'
import { decodeTree, encodeTree } from '../../src/tree-codec.js'
import { reader, readLength } from '../../src/wire.js'
import { START } from '../helpers.js'
import { FOLDER, MORE, official } from './official.js'

const LIMIT = 1 << 20

interface Messages {
  readonly mls_welcome: string
  readonly mls_group_info: string
  readonly mls_key_package: string
  readonly ratchet_tree: string
  readonly group_secrets: string
  readonly add_proposal: string
  readonly update_proposal: string
  readonly remove_proposal: string
  readonly pre_shared_key_proposal: string
  readonly re_init_proposal: string
  readonly external_init_proposal: string
  readonly group_context_extensions_proposal: string
  readonly commit: string
  readonly public_message_application: string
  readonly public_message_proposal: string
  readonly public_message_commit: string
  readonly private_message: string
}

function every<T>(name: string, check: (vector: T) => void): void {
  const path = `${FOLDER}${name}.json`
  if (!existsSync(path)) {
    it.skip(`official vectors are not at ../shared/vectors/mls/${name}.json`, () => {})
    return
  }
  it(`official ${name}`, () => {
    for (const vector of JSON.parse(readFileSync(path, 'utf8')) as T[]) check(vector)
  })
}

/** It decodes, and neither one byte less nor one byte more does. */
function strictly(hex: string, decode: (bytes: Uint8Array) => unknown): void {
  const bytes = fromHex(hex)
  decode(bytes)
  expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(MlsError)
  expect(() => decode(bytes.subarray(0, -1))).toThrow(MlsError)
}

function part<T>(decoder: Decoder<T>, encoder: BufferEncoder<T>): (bytes: Uint8Array) => unknown {
  return (bytes) => decodeExact(decoder, encoder, bytes, LIMIT, 'mls/malformed')
}

describe('encodings', () => {
  every<Messages>('messages', (v) => {
    for (const message of [
      v.mls_welcome,
      v.mls_group_info,
      v.mls_key_package,
      v.public_message_application,
      v.public_message_proposal,
      v.public_message_commit,
      v.private_message,
    ])
      strictly(message, (bytes) => {
        const decoded = decodeMessage(bytes, LIMIT, 'mls/malformed')
        expect(toHex(encodeMessage(decoded))).toBe(toHex(bytes))
      })
    strictly(v.group_secrets, part(decodeGroupSecrets, groupSecretsEncoder))
    strictly(v.add_proposal, part(decodeAdd, addEncoder))
    strictly(v.update_proposal, part(decodeUpdate, updateEncoder))
    strictly(v.remove_proposal, part(decodeRemove, removeEncoder))
    strictly(v.pre_shared_key_proposal, part(decodePSK, pskEncoder))
    strictly(v.re_init_proposal, part(decodeReinit, reinitEncoder))
    strictly(v.external_init_proposal, part(decodeExternalInit, externalInitEncoder))
    strictly(
      v.group_context_extensions_proposal,
      part(decodeGroupContextExtensions, groupContextExtensionsEncoder),
    )
    strictly(v.commit, part(decodeCommit, commitEncoder))
    const tree = fromHex(v.ratchet_tree)
    expect(encodeTree(decodeTree(tree, LIMIT, 'mls/malformed'))).toEqual(tree)
  })

  every<{ vlbytes_header: string; length: number }>('deserialization', ({ vlbytes_header, length }) => {
    expect(readLength(reader(fromHex(vlbytes_header), 'mls/malformed'))).toBe(length)
  })
})

interface TreeMath {
  readonly n_leaves: number
  readonly n_nodes: number
  readonly root: number
  readonly left: readonly (number | null)[]
  readonly right: readonly (number | null)[]
  readonly parent: readonly (number | null)[]
  readonly sibling: readonly (number | null)[]
}

describe('trees', () => {
  every<TreeMath>('tree-math', (v) => {
    expect(treemath.nodeWidth(v.n_leaves)).toBe(v.n_nodes)
    expect(treemath.root(v.n_leaves)).toBe(v.root)
    const at = (list: readonly (number | null)[], of: (index: NodeIndex) => number): void => {
      for (const [index, expected] of list.entries())
        if (expected !== null) expect(of(treemath.toNodeIndex(index))).toBe(expected)
    }
    at(v.left, (index) => treemath.left(index))
    at(v.right, (index) => treemath.right(index))
    at(v.parent, (index) => treemath.parent(index, v.n_leaves))
    at(v.sibling, (index) => treemath.sibling(index, v.n_leaves))
  })
})

interface Transcript {
  readonly cipher_suite: MlsSuite
  readonly confirmation_key: string
  readonly authenticated_content: string
  readonly interim_transcript_hash_before: string
  readonly confirmed_transcript_hash_after: string
  readonly interim_transcript_hash_after: string
}

official<Transcript>('transcript-hashes', (vectors) => {
  it.each(vectors)('suite $cipher_suite', async (v) => {
    const cs = suiteOf(defaultCrypto, v.cipher_suite, MORE)
    const decoded = decodeAuthenticatedContent(fromHex(v.authenticated_content), 0)?.[0]
    if (decoded?.content.contentType !== 'commit' || decoded.auth.contentType !== 'commit')
      throw new Error('not a commit')
    const { content, auth, wireformat } = decoded
    const before = fromHex(v.interim_transcript_hash_before)
    const confirmed = cs.sync.hash.digest(transcriptInput(before, wireformat, content, auth.signature))
    expect(toHex(confirmed)).toBe(v.confirmed_transcript_hash_after)
    const tag = await createConfirmationTag(fromHex(v.confirmation_key), confirmed, cs.hash)
    expect(toHex(tag)).toBe(toHex(auth.confirmationTag))
    expect(toHex(await createInterimHash(confirmed, tag, cs.hash))).toBe(v.interim_transcript_hash_after)
  })
})

interface Psks {
  readonly cipher_suite: MlsSuite
  readonly psks: readonly { psk_id: string; psk: string; psk_nonce: string }[]
  readonly psk_secret: string
}

official<Psks>('psk_secret', (vectors) => {
  it.each(vectors.map((v) => [v.cipher_suite, v.psks.length, v] as const))(
    'suite %i, %i keys',
    async (_, __, v) => {
      const keys = new Map(v.psks.map(({ psk_id, psk }) => [psk_id, fromHex(psk)]))
      const ctx = {
        crypto: defaultCrypto,
        clock: { now: () => START },
        authenticate: () => true,
        interop: {
          publicHandshakes: false,
          externalJoins: false,
          extensions: [],
          wide: {
            psk: (name: { kind: string; id?: Uint8Array }) => (name.id && keys.get(toHex(name.id))) ?? null,
          },
        },
      }
      const ids = v.psks.map(
        ({ psk_id, psk_nonce }): PreSharedKeyID => ({
          psktype: 'external',
          pskId: fromHex(psk_id),
          pskNonce: fromHex(psk_nonce),
        }),
      )
      const cs = suiteOf(defaultCrypto, v.cipher_suite, MORE)
      expect(toHex(await pskSecretOf(ctx, cs, ids, 'mls/bad-commit'))).toBe(v.psk_secret)
    },
  )
})
