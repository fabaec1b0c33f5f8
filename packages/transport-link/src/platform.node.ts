/** Node: every kind of address. */

import type { Platform } from './platform.js'
import { dialSerial, listenAtSerial } from './serial.node.js'
import { dialStream, listenForStreams } from './stream-sockets.node.js'
import { dialUdp, listenForUdp } from './udp.node.js'
import { dialWebSocket, listenForWebSockets } from './websocket.node.js'

export const nodePlatform: Platform = {
  dial: (address, events, components) => {
    switch (address.kind) {
      case 'udp':
        return dialUdp(address, events, components)
      case 'ws':
      case 'wss':
        return dialWebSocket(address, events, components)
      case 'serial':
        return dialSerial(address, events, components)
      default:
        return dialStream(address, events)
    }
  },
  listen: (address, connected, components) => {
    switch (address.kind) {
      case 'udp':
        return listenForUdp(address, connected, components)
      case 'ws':
      case 'wss':
        return listenForWebSockets(address, connected, components)
      case 'serial':
        return listenAtSerial(address, connected, components)
      default:
        return listenForStreams(address, connected)
    }
  },
}
