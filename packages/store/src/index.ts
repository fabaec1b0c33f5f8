/// <reference lib="esnext.disposable" preserve="true" />
export type { Engine, EngineEntry, EngineRange, EngineWrite } from './engine.js'
export { STORE_ERRORS, StoreError, type StoreErrorCode } from './errors.js'
export * from './limits.js'
export { memoryStore } from './memory.js'
export { memoryEngine } from './memory-engine.js'
export { encryptedStore, type OpenOptions, openStore } from './open.js'
export type {
  Encryption,
  KeyProtection,
  PassphraseProtection,
  PlaintextProtection,
  Protection,
} from './protection.js'
