/// <reference lib="esnext.disposable" preserve="true" />
export { nostr, nostrPerson, nostrPool } from './carrier.node.js'
export { createNostr } from './nostr.node.js'
export * from './portable.js'
