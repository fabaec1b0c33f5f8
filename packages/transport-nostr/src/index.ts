/// <reference lib="esnext.disposable" preserve="true" />
export { nostr, nostrPerson, nostrPool } from './carrier-global.js'
export { createNostr } from './nostr-global.js'
export * from './portable.js'
