/// <reference lib="esnext.disposable" preserve="true" />
export { embeddedEngine } from './engine/embedded.js'
export type {
  EngineOptions,
  EngineStats,
  FrameCounts,
  OpenEngine,
  RelayEngine,
  Upkeep,
} from './engine/engine.js'
export { RELAY_ERRORS, RelayError } from './errors.js'
export type { HopsOptions } from './hops/service.js'
export { DEFAULT_LIMITS, type RelayLimits } from './limits.js'
export {
  RELAY_FORMS,
  RELAY_HELP,
  RELAY_OPTIONS,
  type RelayCall,
  runRelayCommand,
} from './operate/command.js'
export type { Environment, Flags } from './operate/config.js'
export type { RelayOptions } from './options.js'
export type { PaymentOptions, PaymentService, SellingOptions, TakingOptions } from './payment/service.js'
export type { GatewayOptions } from './push/gateway.js'
export type { PushOptions } from './push/service.js'
export { type Relay, type RelayStats, startRelay } from './relay.js'
export { type RestKey, type RestRequest, type SignOptions, signRequest } from './rest/sign.js'
export type { TlsPair } from './server/tls.js'
