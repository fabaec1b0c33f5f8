/**
 * The subpath `@hyphae/payment/issuer`: an issuer of blind-signed tokens on Node. RFC 9474 section 4.3.
 *
 * RSA runs in OpenSSL, which blinds private operations against timing. Keys lie in the store that is given.
 */
export type { Issuer, TokenVerifier, VerifiedToken } from './tokens/issuer.js'
export { type IssuerOptions, openIssuer } from './tokens/native-issuer.node.js'
export { type VerifierOptions, verifierOf } from './tokens/verifier.node.js'
