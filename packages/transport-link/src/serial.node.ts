/**
 * Streams over a radio modem at a serial port of Node, in KISS frames. A port is opened once in a process, for all that
 * dial and listen at it, and closed with the last of them. Everybody in reach of the radio hears every datagram.
 */
import type { SerialPort } from 'serialport'
import type { Address } from './address.js'
import { RADIO_PACE } from './arq/pace.js'
import { createStreams, type Streams } from './arq/port.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import { createKissReader, kissFrame } from './kiss.js'
import type { Connected, Listening, PlatformComponents } from './platform.js'

export type SerialAddress = Extract<Address, { kind: 'serial' }>

/** A radio has no addresses: who is meant, the number of the stream says. */
const EVERYBODY = 'all'

interface Modem {
  readonly streams: Streams
  /** Rejects when it could not be opened. */
  readonly opened: Promise<SerialPort>
  users: number
  listening: boolean
}

const modems = new Map<string, Modem>()

function use(address: SerialAddress, components: PlatformComponents): Modem {
  const known = modems.get(address.path)
  if (known !== undefined) {
    known.users += 1
    return known
  }
  const modem: Modem = {
    opened: openPort(address),
    streams: createStreams({
      ...components,
      pace: RADIO_PACE,
      // Before the port is open a datagram is lost, as it may be at any other time.
      send: (datagram) => void modem.opened.then((port) => port.write(kissFrame(datagram))).catch(() => {}),
    }),
    users: 1,
    listening: false,
  }
  modems.set(address.path, modem)
  const reader = createKissReader()
  modem.opened.then(
    (port) => {
      port.on('data', (bytes: Buffer) => {
        for (const datagram of reader.push(bytes)) modem.streams.heard(datagram, EVERYBODY)
      })
      port.on('error', () => {})
      port.on('close', () => modem.streams.close())
    },
    () => modem.streams.close(),
  )
  return modem
}

async function leave(address: SerialAddress, modem: Modem): Promise<void> {
  modem.users -= 1
  if (modem.users > 0) return
  if (modems.get(address.path) === modem) modems.delete(address.path)
  modem.streams.close()
  const port = await modem.opened.catch(() => undefined)
  if (port === undefined) return
  await new Promise<void>((resolve) => port.drain(() => resolve()))
  await new Promise<void>((resolve) => port.close(() => resolve()))
}

async function openPort({ path, baud }: SerialAddress): Promise<SerialPort> {
  let library: typeof import('serialport')
  try {
    library = await import('serialport')
  } catch (cause) {
    throw new LinkError('link/no-serial', { cause })
  }
  const port = new library.SerialPort({ path, baudRate: baud, autoOpen: false })
  await new Promise<void>((resolve, reject) =>
    port.open((error) =>
      error === null ? resolve() : reject(new LinkError('link/bad-address', { cause: error })),
    ),
  )
  return port
}

export function dialSerial(
  address: SerialAddress,
  events: ByteEvents,
  components: PlatformComponents,
): ByteSocket {
  const modem = use(address, components)
  const socket = modem.streams.dial(EVERYBODY, {
    received: events.received,
    closed: () => {
      void leave(address, modem)
      events.closed()
    },
  })
  return socket
}

/** @throws LinkError `link/bad-address`, `link/no-serial` */
export async function listenAtSerial(
  address: SerialAddress,
  connected: Connected,
  components: PlatformComponents,
): Promise<Listening> {
  const modem = use(address, components)
  try {
    await modem.opened
    if (modem.listening) throw new LinkError('link/bad-address')
  } catch (error) {
    await leave(address, modem)
    throw error
  }
  modem.listening = true
  modem.streams.listen(connected)
  let closing: Promise<void> | undefined
  return {
    address,
    close: () => {
      modem.listening = false
      closing ??= leave(address, modem)
      return closing
    },
  }
}
