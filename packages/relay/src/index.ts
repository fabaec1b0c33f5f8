/// <reference lib="esnext.disposable" preserve="true" />
export type { EngineStats, FrameCounts } from './engine/engine.js'
export { RELAY_ERRORS, RelayError } from './errors.js'
export { DEFAULT_LIMITS, type RelayLimits } from './limits.js'
export { type Relay, type RelayOptions, type RelayStats, startRelay } from './relay.js'
