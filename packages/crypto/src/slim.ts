/**
 * The subpath `@hyphae/crypto/slim`: a provider of what sessions need and nothing else, for pages that count bytes.
 * The same bytes and verdicts as every other provider, and its keys work in them (spec/crypto.md, "The slim provider").
 */
export type { ProviderOptions } from './noble/rng.js'
export type { SessionCrypto } from './provider.js'
export { createSlimCrypto, slimCrypto } from './slim/provider.js'
