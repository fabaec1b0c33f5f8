/** The subpath `@hyphae/transport-relay/push`: sealing a push subscription to a gateway. */
export {
  MAX_ENDPOINT_BYTES,
  openPushToken,
  type PushSubscriptionKeys,
  sealPushToken,
} from './push/token.js'
