/** What sessions need of a provider, in the fewest bytes: spec/crypto.md, "The slim provider". */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { hkdf } from '../hkdf.js'
import { type ProviderOptions, platformRng, webRng } from '../noble/rng.js'
import type { SessionCrypto } from '../provider.js'
import type { Rng } from '../random.js'
import { slimChacha20Poly1305, slimKeystream } from './chacha20.js'
import { slimEd25519 } from './ed25519.js'
import { slimX25519 } from './x25519.js'

function slimOver(rng: Rng): SessionCrypto {
  const provider: SessionCrypto = {
    name: 'slim',
    randomBytes: rng,
    sha256: (data) => sha256(data),
    hmacSha256: (key, data) => hmac(sha256, key, data),
    hkdfSha256: (ikm, salt, info, length) => hkdf(provider, ikm, salt, info, length),
    chacha20: slimKeystream,
    chacha20Poly1305: slimChacha20Poly1305,
    ed25519: slimEd25519(rng),
    x25519: slimX25519(rng),
  }
  return Object.freeze(provider)
}

export function createSlimCrypto(options: ProviderOptions = {}): SessionCrypto {
  return slimOver(webRng(options))
}

export const slimCrypto: SessionCrypto = /* @__PURE__ */ slimOver(/* @__PURE__ */ platformRng())
