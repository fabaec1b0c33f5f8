/**
 * Streams over a radio modem at a serial port of Node, in KISS frames. A port is opened once in a process, for all that
 * dial and listen at it, and closed with the last of them. Everybody in reach of the radio hears every datagram.
 */
import { isatty } from 'node:tty'
import { backoffMs, systemRandom } from '@hyphae/transport'
import type { SerialPort } from 'serialport'
import type { Address } from './address.js'
import { RADIO_PACE } from './arq/pace.js'
import { createStreams, type Streams } from './arq/port.js'
import type { ByteEvents, ByteSocket } from './byte-socket.js'
import { LinkError } from './errors.js'
import { createKissReader, kissFrame } from './kiss.js'
import { PLUG_CHECK_MS } from './limits.js'
import type { Connected, Listening, PlatformComponents } from './platform.js'

export type SerialAddress = Extract<Address, { kind: 'serial' }>

/** A radio has no addresses: who is meant, the number of the stream says. */
const EVERYBODY = 'all'

interface Modem {
  readonly streams: Streams
  /** Rejects when it could not be opened at first; later it is opened again and again. */
  readonly opened: Promise<void>
  /** While it is plugged in. */
  port: SerialPort | undefined
  /** Fires when the last has left. */
  readonly gone: AbortController
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
  const opening = openPort(address)
  const modem: Modem = {
    opened: opening.then((port) => plugIn(modem, port, address, components)),
    port: undefined,
    streams: createStreams({
      ...components,
      pace: RADIO_PACE,
      // What is said before the port is open waits for it; while it is unplugged a datagram is lost, as at any other time.
      send: (datagram) => {
        if (modem.port !== undefined) modem.port.write(kissFrame(datagram))
        else void modem.opened.then(() => modem.port?.write(kissFrame(datagram))).catch(() => {})
      },
    }),
    gone: new AbortController(),
    users: 1,
    listening: false,
  }
  modems.set(address.path, modem)
  modem.opened.catch(() => modem.streams.close())
  return modem
}

function plugIn(
  modem: Modem,
  port: SerialPort,
  address: SerialAddress,
  components: PlatformComponents,
): void {
  const reader = createKissReader()
  modem.port = port
  port.on('data', (bytes: Buffer) => {
    for (const datagram of reader.push(bytes)) modem.streams.heard(datagram, EVERYBODY)
  })
  port.on('error', () => {})
  port.on('close', () => {
    // Said twice where reading and writing have both failed.
    if (modem.port !== port) return
    modem.port = undefined
    modem.streams.drop()
    if (!modem.gone.signal.aborted) void openAgain(modem, address, components)
  })
  void watchPlug(modem, port, components)
}

/**
 * Closes a port that was unplugged. For a moment the system gives an error for it, and from then on no bytes at all: the
 * library, where it comes too late for the error, reads again and again, and who only listens would wait forever.
 */
async function watchPlug(modem: Modem, port: SerialPort, { clock }: PlatformComponents): Promise<void> {
  const opened = port.port
  if (opened === undefined || !('fd' in opened)) return
  const { signal } = modem.gone
  while (modem.port === port && !signal.aborted) {
    await clock.sleep(PLUG_CHECK_MS, signal, true).catch(() => {})
    if (modem.port === port && opened.fd !== null && !isatty(opened.fd)) port.close(() => {})
  }
}

/** A modem that was unplugged, or has restarted, is there again some time: whoever listens at it need not be restarted. */
async function openAgain(
  modem: Modem,
  address: SerialAddress,
  components: PlatformComponents,
): Promise<void> {
  const { signal } = modem.gone
  for (let attempt = 0; !signal.aborted && modem.port === undefined; attempt++) {
    await components.clock.sleep(backoffMs(attempt, systemRandom), signal, true).catch(() => {})
    if (signal.aborted) return
    const port = await openPort(address).catch(() => undefined)
    if (port === undefined) continue
    plugIn(modem, port, address, components)
    if (signal.aborted) port.close()
  }
}

async function leave(address: SerialAddress, modem: Modem): Promise<void> {
  modem.users -= 1
  if (modem.users > 0) return
  if (modems.get(address.path) === modem) modems.delete(address.path)
  modem.gone.abort()
  modem.streams.close()
  await modem.opened.catch(() => {})
  const { port } = modem
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
