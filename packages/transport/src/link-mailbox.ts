/// <reference lib="esnext.disposable" preserve="true" />
export { type LinkMailbox, type LinkMailboxOptions, linkMailbox } from './link-mailbox/link-mailbox.js'
export type { LinkCrypto } from './link-mailbox/post.js'
