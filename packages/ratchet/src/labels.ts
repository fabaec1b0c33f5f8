/** Domain separation: one label for each use of a key or hash (spec/session.md, "Labels"). */
import { utf8 } from '@hyphae/core'

const label = (name: string): Uint8Array => utf8(`hyphae/session/1/${name}`)

/** Signed with an agreement key. */
export const AGREEMENT_LABEL: Uint8Array = /* @__PURE__ */ label('agreement-key')
/** Signed with a whole prekey bundle. */
export const BUNDLE_LABEL: Uint8Array = /* @__PURE__ */ label('prekey-bundle')
/** Hashed with what both sides must agree on. */
export const TRANSCRIPT_LABEL: Uint8Array = /* @__PURE__ */ label('transcript')
/** HKDF info of the keys a session starts with. */
export const X3DH_LABEL: Uint8Array = /* @__PURE__ */ label('x3dh')
/** HKDF info of the mailbox secret. */
export const MAILBOX_LABEL: Uint8Array = /* @__PURE__ */ label('mailbox')
/** HKDF info of the first post-quantum root and key. */
export const PQ_START_LABEL: Uint8Array = /* @__PURE__ */ label('pq-start')
/** HKDF info of the root and key of a later post-quantum epoch. */
export const PQ_EPOCH_LABEL: Uint8Array = /* @__PURE__ */ label('pq-epoch')
/** HMAC input of the key confirmation. */
export const CONFIRM_LABEL: Uint8Array = /* @__PURE__ */ label('confirm')
/** HKDF info of the root step. */
export const ROOT_LABEL: Uint8Array = /* @__PURE__ */ label('root')
/** HMAC input that gives a header key. Not 32 bytes, so never a DH output under the same key. */
export const HEADER_LABEL: Uint8Array = /* @__PURE__ */ label('header')
/** Nonce of the chain step: a chain key is used with no other. */
export const CHAIN_NONCE: Uint8Array = /* @__PURE__ */ utf8('hyphae chain')
