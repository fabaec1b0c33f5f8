// Labelled primitives and key schedule of RFC 9420, on both providers.
import { fromHex, toHex } from '@hyphae/core'
import { defaultCrypto } from '@hyphae/crypto'
import type { CiphersuiteImpl } from 'ts-mls'
import { refhash } from 'ts-mls/crypto/hash.js'
import { decryptWithLabel, encryptWithLabel } from 'ts-mls/crypto/hpke.js'
import { deriveSecret, deriveTreeSecret, expandWithLabel } from 'ts-mls/crypto/kdf.js'
import { signWithLabel, verifyWithLabel } from 'ts-mls/crypto/signature.js'
import { decodeGroupContext } from 'ts-mls/groupContext.js'
import { initializeEpoch, mlsExporter } from 'ts-mls/keySchedule.js'
import { describe, expect, it } from 'vitest'
import { suiteOf } from '../../src/provider.js'
import type { MlsSuite } from '../../src/suite.js'
import { noble } from '../helpers.js'
import { MORE, official } from './official.js'

const PROVIDERS = [defaultCrypto, noble]

interface Basics {
  readonly cipher_suite: MlsSuite
  readonly ref_hash: { label: string; value: string; out: string }
  readonly expand_with_label: {
    secret: string
    label: string
    context: string
    length: number
    out: string
  }
  readonly derive_secret: { secret: string; label: string; out: string }
  readonly derive_tree_secret: {
    secret: string
    label: string
    generation: number
    length: number
    out: string
  }
  readonly sign_with_label: {
    priv: string
    pub: string
    content: string
    label: string
    signature: string
  }
  readonly encrypt_with_label: {
    priv: string
    pub: string
    label: string
    context: string
    plaintext: string
    kem_output: string
    ciphertext: string
  }
}

async function checkBasics(vector: Basics, cs: CiphersuiteImpl): Promise<void> {
  const { ref_hash: r, expand_with_label: e, derive_secret: d, derive_tree_secret: t } = vector
  expect(toHex(await refhash(r.label, fromHex(r.value), cs.hash))).toBe(r.out)
  const expanded = await expandWithLabel(fromHex(e.secret), e.label, fromHex(e.context), e.length, cs.kdf)
  expect(toHex(expanded)).toBe(e.out)
  expect(toHex(await deriveSecret(fromHex(d.secret), d.label, cs.kdf))).toBe(d.out)
  const tree = await deriveTreeSecret(fromHex(t.secret), t.label, t.generation, t.length, cs.kdf)
  expect(toHex(tree)).toBe(t.out)
}

async function checkSignature({ sign_with_label: s }: Basics, cs: CiphersuiteImpl): Promise<void> {
  const content = fromHex(s.content)
  const verify = (signature: Uint8Array): Promise<boolean> =>
    verifyWithLabel(fromHex(s.pub), s.label, content, signature, cs.signature)
  expect(await verify(fromHex(s.signature))).toBe(true)
  expect(await verify(await signWithLabel(fromHex(s.priv), s.label, content, cs.signature))).toBe(true)
  expect(await verify(fromHex(s.signature).map((byte, i) => (i === 3 ? byte ^ 1 : byte)))).toBe(false)
}

async function checkHpke({ encrypt_with_label: v }: Basics, cs: CiphersuiteImpl): Promise<void> {
  const key = await cs.hpke.importPrivateKey(fromHex(v.priv))
  const context = fromHex(v.context)
  const open = (enc: Uint8Array, ct: Uint8Array): Promise<Uint8Array> =>
    decryptWithLabel(key, v.label, context, enc, ct, cs.hpke)
  expect(toHex(await open(fromHex(v.kem_output), fromHex(v.ciphertext)))).toBe(v.plaintext)
  const recipient = await cs.hpke.importPublicKey(fromHex(v.pub))
  const sealed = await encryptWithLabel(recipient, v.label, context, fromHex(v.plaintext), cs.hpke)
  expect(toHex(await open(sealed.enc, sealed.ct))).toBe(v.plaintext)
}

official<Basics>('crypto-basics', (vectors) => {
  describe.each(PROVIDERS)('$name', (crypto) => {
    it.each(vectors)('suite $cipher_suite', async (vector) => {
      const cs = suiteOf(crypto, vector.cipher_suite, MORE)
      await checkBasics(vector, cs)
      await checkSignature(vector, cs)
      await checkHpke(vector, cs)
    })
  })
})

interface Epoch {
  readonly group_context: string
  readonly commit_secret: string
  readonly psk_secret: string
  readonly joiner_secret: string
  readonly welcome_secret: string
  readonly init_secret: string
  readonly sender_data_secret: string
  readonly encryption_secret: string
  readonly exporter_secret: string
  readonly external_secret: string
  readonly confirmation_key: string
  readonly membership_key: string
  readonly resumption_psk: string
  readonly epoch_authenticator: string
  readonly external_pub: string
  readonly exporter: { label: string; context: string; length: number; secret: string }
}

interface Schedule {
  readonly cipher_suite: MlsSuite
  readonly initial_init_secret: string
  readonly epochs: readonly Epoch[]
}

async function checkEpoch(init: Uint8Array, v: Epoch, cs: CiphersuiteImpl): Promise<Uint8Array> {
  const context = decodeGroupContext(fromHex(v.group_context), 0)?.[0]
  if (context === undefined) throw new Error('vector does not decode')
  const secrets = await initializeEpoch(
    init,
    fromHex(v.commit_secret),
    context,
    fromHex(v.psk_secret),
    cs.kdf,
  )
  const { keySchedule: keys } = secrets
  const { publicKey } = await cs.hpke.deriveKeyPair(keys.externalSecret)
  expect({
    joiner_secret: toHex(secrets.joinerSecret),
    welcome_secret: toHex(secrets.welcomeSecret),
    encryption_secret: toHex(secrets.encryptionSecret),
    init_secret: toHex(keys.initSecret),
    sender_data_secret: toHex(keys.senderDataSecret),
    exporter_secret: toHex(keys.exporterSecret),
    external_secret: toHex(keys.externalSecret),
    confirmation_key: toHex(keys.confirmationKey),
    membership_key: toHex(keys.membershipKey),
    resumption_psk: toHex(keys.resumptionPsk),
    epoch_authenticator: toHex(keys.epochAuthenticator),
    external_pub: toHex(await cs.hpke.exportPublicKey(publicKey)),
  }).toEqual(
    Object.fromEntries(
      Object.entries(v).filter(
        ([name]) =>
          !['group_context', 'commit_secret', 'psk_secret', 'exporter', 'tree_hash'].includes(name) &&
          name !== 'confirmed_transcript_hash',
      ),
    ),
  )
  const { label, context: exporterContext, length, secret } = v.exporter
  const exported = await mlsExporter(keys.exporterSecret, label, fromHex(exporterContext), length, cs)
  expect(toHex(exported)).toBe(secret)
  return keys.initSecret
}

official<Schedule>('key-schedule', (vectors) => {
  describe.each(PROVIDERS)('$name', (crypto) => {
    it.each(vectors)('suite $cipher_suite', async ({ cipher_suite, initial_init_secret, epochs }) => {
      const cs = suiteOf(crypto, cipher_suite, MORE)
      let init = fromHex(initial_init_secret)
      for (const epoch of epochs) init = (await checkEpoch(init, epoch, cs)) as typeof init
    })
  })
})
