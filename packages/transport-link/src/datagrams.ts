/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `@hyphae/transport-link/datagrams`: streams over datagrams of your own, such as those of a radio, for a platform of
 * `linkFactory` (spec/link.md, "Datagrams").
 */
export { type Pace, RADIO_PACE, UDP_PACE } from './arq/pace.js'
export { createStreams, type DatagramPort, type Streams } from './arq/port.js'
export { createKissReader, type KissReader, kissFrame } from './kiss.js'
