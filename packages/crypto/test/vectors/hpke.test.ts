/** RFC 9180 appendix A, base mode: A.1 (AES-128-GCM) and A.2 (ChaCha20-Poly1305), sequence number 0. */
import { fromHex, toHex } from '@hyphae/core'
import { describe, expect, it } from 'vitest'
import {
  type HpkeAead,
  hpkeDeriveKeyPair,
  hpkeOpen,
  hpkeReceiveExport,
  hpkeSeal,
  hpkeSendExport,
} from '../../src/index.js'
import { CREATE } from '../providers.js'

interface Vector {
  readonly aead: HpkeAead
  readonly ikmE: string
  readonly skE: string
  readonly ikmR: string
  readonly skR: string
  readonly pkR: string
  readonly enc: string
  readonly ct: string
  /** By exporter context. */
  readonly exports: Readonly<Record<string, string>>
}

const INFO = fromHex('4f6465206f6e2061204772656369616e2055726e')
const PLAINTEXT = fromHex('4265617574792069732074727574682c20747275746820626561757479')
const AAD = fromHex('436f756e742d30')

const VECTORS: readonly Vector[] = [
  {
    aead: 'aes128Gcm',
    ikmE: '7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234',
    skE: '52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736',
    ikmR: '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037',
    skR: '4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8',
    pkR: '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
    enc: '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431',
    ct: 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
    exports: {
      '': '3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee',
      '00': '2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5',
      '54657374436f6e74657874': 'e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931',
    },
  },
  {
    aead: 'chacha20Poly1305',
    ikmE: '909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b',
    skE: 'f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600',
    ikmR: '1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df',
    skR: '8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb',
    pkR: '4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a',
    enc: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
    ct: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
    exports: {
      '': '4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e',
      '00': '8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69',
      '54657374436f6e74657874': '5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53',
    },
  },
]

describe.each(CREATE)('%s', (_, create) => {
  it.each(VECTORS)('seals, opens and exports as RFC 9180 with $aead', (v) => {
    const recipient = fromHex(v.pkR)
    // The ephemeral key is the generator's 32 bytes, so a generator that answers skE fixes it.
    const withEphemeral = () => create({ rng: () => fromHex(v.skE) })
    const crypto = withEphemeral()
    const sealed = hpkeSeal(crypto, { recipient, info: INFO, aad: AAD, plaintext: PLAINTEXT, aead: v.aead })
    expect(toHex(sealed.enc)).toBe(v.enc)
    expect(toHex(sealed.ciphertext)).toBe(v.ct)

    const own = crypto.x25519.importPrivateKey(fromHex(v.skR))
    expect(toHex(own.publicKey)).toBe(v.pkR)
    const opened = hpkeOpen(crypto, { recipient: own, info: INFO, aad: AAD, aead: v.aead, ...sealed })
    expect(opened).toEqual(PLAINTEXT)

    for (const [context, value] of Object.entries(v.exports)) {
      const options = { info: INFO, exporterContext: fromHex(context), length: 32, aead: v.aead }
      const sent = hpkeSendExport(withEphemeral(), { recipient, ...options })
      expect(toHex(sent.secret)).toBe(value)
      const received = hpkeReceiveExport(crypto, { recipient: own, enc: sent.enc, ...options })
      expect(received).toEqual(sent.secret)
    }
  })

  it.each(VECTORS)('derives the key pairs of RFC 9180 with $aead', (v) => {
    const crypto = create({ rng: (length) => new Uint8Array(length) })
    expect(toHex(crypto.x25519.exportPrivateKey(hpkeDeriveKeyPair(crypto, fromHex(v.ikmE))))).toBe(v.skE)
    expect(toHex(crypto.x25519.exportPrivateKey(hpkeDeriveKeyPair(crypto, fromHex(v.ikmR))))).toBe(v.skR)
    expect(toHex(hpkeDeriveKeyPair(crypto, fromHex(v.ikmR)).publicKey)).toBe(v.pkR)
  })
})
