/**
 * Every setting of a relay program: its name in the file, its schema, and what the help says of it.
 *
 * One table serves the file, the environment and the command line. It knows no file and no environment itself.
 */
import { TICKET_KINDS, type TicketKind } from '@hyphae/transport-relay/wire'
import * as v from 'valibot'
import { DEFAULT_LIMITS, type RelayLimits } from '../limits.js'
import { PAYMENT_METHODS, type PaymentMethodName } from '../payment/service.js'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'off'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export const ENGINES = ['embedded', 'nats', 'postgres'] as const
export type EngineName = (typeof ENGINES)[number]

export interface RelaySettings {
  readonly data?: string
  readonly host?: string
  readonly port?: number
  readonly names?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly trustedProxies?: readonly string[]
  readonly rest?: boolean
  readonly adminHost?: string
  readonly adminPort?: number
  readonly logLevel?: LogLevel
  readonly engine?: EngineName
  readonly natsUrl?: string
  readonly natsReplicas?: 1 | 3 | 5
  readonly natsMaxBytes?: number
  readonly postgresUrl?: string
  readonly s3Endpoint?: string
  readonly s3Region?: string
  readonly s3Bucket?: string
  readonly s3AccessKey?: string
  readonly s3SecretKey?: string
  readonly serviceKey?: string
  readonly accepts?: readonly TicketKind[]
  readonly blobAccepts?: readonly TicketKind[]
  readonly logAccepts?: readonly TicketKind[]
  readonly stockAccepts?: readonly TicketKind[]
  readonly writeKey?: string
  readonly payAmount?: string
  readonly payByteDays?: number
  readonly payIssuer?: string
  readonly payMethods?: readonly PaymentMethodName[]
  readonly payTrustedKeys?: readonly string[]
  readonly payTokenValues?: readonly string[]
  readonly escrowUrl?: string
  readonly escrowContract?: string
  readonly escrowKey?: string
  readonly escrowConfirmations?: number
  readonly escrowMinSettle?: string
  readonly hopPeers?: readonly string[]
  readonly hopSecond?: boolean
  readonly hopSecret?: string
  readonly pushContact?: string
  readonly pushGateways?: readonly string[]
  readonly limits?: Partial<RelayLimits>
}

export interface Setting {
  readonly name: Exclude<keyof RelaySettings, 'limits'>
  /** Placeholder in the help; `switch` takes true or false. */
  readonly kind: 'text' | 'path' | 'whole' | 'list' | 'switch'
  readonly value: string
  readonly help: string
  readonly schema: v.GenericSchema
  /** `value`: never shown and no argument; `url`: neither is the password in it. */
  readonly secret?: 'value' | 'url'
}

/** A file name of Linux takes 4,096 bytes, a URL or a host name less. */
const MAX_TEXT = 4096
const MAX_PORT = 65_535
/** The smallest of the streams gets a hundredth. */
const MIN_NATS_BYTES = 64 * 1024 * 1024
/** Names and proxies of one relay. */
const MAX_LIST = 64

const text = (what: string): v.GenericSchema =>
  v.pipe(v.string(what), v.minLength(1, what), v.maxLength(MAX_TEXT, what))
const list = (what: string, item: v.GenericSchema): v.GenericSchema =>
  v.pipe(v.array(item, what), v.maxLength(MAX_LIST, `expected at most ${MAX_LIST}`))

function whole(min: number, max: number): v.GenericSchema {
  const what = `expected a whole number from ${min} to ${max}`
  return v.pipe(v.number(what), v.integer(what), v.minValue(min, what), v.maxValue(max, what))
}

function choice(choices: readonly string[]): v.GenericSchema {
  return v.picklist(choices, `expected one of ${choices.join(', ')}`)
}

function url(...protocols: readonly string[]): v.GenericSchema {
  const what = `expected a URL that begins with ${protocols.join(' or ')}`
  const good = (value: string): boolean => URL.canParse(value) && protocols.includes(new URL(value).protocol)
  return v.pipe(v.string(what), v.maxLength(MAX_TEXT, what), v.check(good, what))
}

/** Bytes in hexadecimal. */
function hex(bytes: number, before = ''): v.GenericSchema {
  const what = `expected ${bytes} bytes as ${2 * bytes} hexadecimal digits${before === '' ? '' : ` behind ${before}`}`
  return v.pipe(v.string(what), v.regex(new RegExp(`^${before}[0-9a-fA-F]{${2 * bytes}}$`), what))
}

/** As a text: JSON has no whole numbers of 64 bits. */
const amount = v.pipe(
  v.string('expected a whole number as a text'),
  v.regex(/^\d{1,20}$/, 'expected a whole number as a text'),
)

/** Host names without a port, as they stand in a URL. */
const HOST_NAME = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/
const hostName = v.pipe(
  v.string('expected host names'),
  v.toLowerCase(),
  v.regex(HOST_NAME, 'expected host names without a port'),
)
const network = v.pipe(
  v.string('expected addresses'),
  v.regex(/^[0-9a-fA-F:.]+(\/\d{1,3})?$/, 'expected IP addresses or networks such as 10.0.0.0/8'),
)

export const SETTINGS: readonly Setting[] = [
  {
    name: 'data',
    kind: 'path',
    value: 'DIR',
    help: 'folder for what it keeps (~/.hyphae/relay)',
    schema: text('expected a folder'),
  },
  {
    name: 'host',
    kind: 'text',
    value: 'ADDRESS',
    help: 'address to listen on (127.0.0.1: this machine only)',
    schema: text('expected an address'),
  },
  {
    name: 'port',
    kind: 'whole',
    value: 'PORT',
    help: 'port to listen on (7700); 0 takes a free one',
    schema: whole(0, MAX_PORT),
  },
  {
    name: 'names',
    kind: 'list',
    value: 'HOST',
    help: 'host name in the URL that clients use; repeat for several',
    schema: list('expected host names', hostName),
  },
  {
    name: 'tlsCert',
    kind: 'path',
    value: 'FILE',
    help: 'certificate chain, PEM; SIGHUP reads it again',
    schema: text('expected a file'),
  },
  {
    name: 'tlsKey',
    kind: 'path',
    value: 'FILE',
    help: 'its private key, PEM',
    schema: text('expected a file'),
  },
  {
    name: 'trustedProxies',
    kind: 'list',
    value: 'NETWORK',
    help: 'proxy whose X-Forwarded-For is believed; repeat for several',
    schema: list('expected addresses', network),
  },
  {
    name: 'rest',
    kind: 'switch',
    value: 'true|false',
    help: 'answer /api/v1 (true)',
    schema: v.boolean('expected true or false'),
  },
  {
    name: 'adminPort',
    kind: 'whole',
    value: 'PORT',
    help: 'port for /metrics, /health and /ready (none)',
    schema: whole(0, MAX_PORT),
  },
  {
    name: 'adminHost',
    kind: 'text',
    value: 'ADDRESS',
    help: 'address of that port (127.0.0.1)',
    schema: text('expected an address'),
  },
  {
    name: 'logLevel',
    kind: 'text',
    value: 'LEVEL',
    help: `${LOG_LEVELS.join(', ')} (info)`,
    schema: choice(LOG_LEVELS),
  },
  {
    name: 'engine',
    kind: 'text',
    value: 'NAME',
    help: `${ENGINES.join(', ')} (embedded)`,
    schema: choice(ENGINES),
  },
  {
    name: 'natsUrl',
    kind: 'text',
    value: 'URL',
    help: 'servers of the engine nats',
    schema: url('nats:', 'tls:'),
    secret: 'url',
  },
  {
    name: 'natsReplicas',
    kind: 'whole',
    value: 'NUMBER',
    help: 'copies of everything: 1 for a single server, 3 or 5 (3)',
    schema: v.picklist([1, 3, 5], 'expected 1, 3 or 5'),
  },
  {
    name: 'natsMaxBytes',
    kind: 'whole',
    value: 'BYTES',
    help: 'room the servers set aside, one copy counted (none)',
    schema: whole(MIN_NATS_BYTES, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'postgresUrl',
    kind: 'text',
    value: 'URL',
    help: 'database of the engine postgres',
    schema: url('postgres:', 'postgresql:'),
    secret: 'url',
  },
  {
    name: 's3Endpoint',
    kind: 'text',
    value: 'URL',
    help: 'S3 API that keeps the blobs',
    schema: url('http:', 'https:'),
    secret: 'url',
  },
  {
    name: 'accepts',
    kind: 'list',
    value: 'TICKET',
    help: `what opens boxes: ${TICKET_KINDS.join(', ')} (all)`,
    schema: list('expected kinds of tickets', choice(TICKET_KINDS)),
  },
  ...(['blob', 'log', 'stock'] as const).map(
    (what): Setting => ({
      name: `${what}Accepts`,
      kind: 'list',
      value: 'TICKET',
      help: `what lets a ${what === 'log' ? 'log be written' : `${what} be put`} (all)`,
      schema: list('expected kinds of tickets', choice(TICKET_KINDS)),
    }),
  ),
  {
    name: 'writeKey',
    kind: 'text',
    value: 'KEY',
    help: 'Ed25519 key of capabilities to write blobs, logs and stocks',
    schema: hex(32),
  },
  {
    name: 'serviceKey',
    kind: 'text',
    value: 'KEY',
    help: 'seals what payment, hops and push keep',
    schema: hex(32),
    secret: 'value',
  },
  {
    name: 'payAmount',
    kind: 'text',
    value: 'AMOUNT',
    help: 'price of payByteDays, in your smallest unit of money: payment is on',
    schema: amount,
  },
  {
    name: 'payByteDays',
    kind: 'whole',
    value: 'NUMBER',
    help: 'bytes that payAmount keeps for a day',
    schema: whole(1, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'payIssuer',
    kind: 'text',
    value: 'NAME',
    help: 'name that tokens are bound to (the first host name)',
    schema: text('expected a name'),
  },
  {
    name: 'payMethods',
    kind: 'list',
    value: 'METHOD',
    help: `${PAYMENT_METHODS.join(', ')} (all but escrow; with escrowUrl, all)`,
    schema: list('expected methods of payment', choice(PAYMENT_METHODS)),
  },
  {
    name: 'payTrustedKeys',
    kind: 'list',
    value: 'KEY',
    help: 'Ed25519 key of somebody who pays nothing; repeat for several',
    schema: list('expected keys', hex(32)),
  },
  {
    name: 'payTokenValues',
    kind: 'list',
    value: 'NUMBER',
    help: 'byte-days that a token buys; repeat for several, rising',
    schema: list('expected whole numbers', amount),
  },
  {
    name: 'escrowUrl',
    kind: 'text',
    value: 'URL',
    help: 'JSON-RPC of a node of the chain that the escrow is on',
    schema: url('http:', 'https:'),
    secret: 'url',
  },
  {
    name: 'escrowContract',
    kind: 'text',
    value: 'ADDRESS',
    help: 'the escrow contract',
    schema: hex(20, '0x'),
  },
  {
    name: 'escrowKey',
    kind: 'text',
    value: 'KEY',
    help: 'private key of the account that is paid',
    schema: hex(32, '0x'),
    secret: 'value',
  },
  {
    name: 'escrowConfirmations',
    kind: 'whole',
    value: 'NUMBER',
    help: 'blocks on top of a deposit before it counts (12)',
    schema: whole(0, 10_000),
  },
  {
    name: 'escrowMinSettle',
    kind: 'text',
    value: 'AMOUNT',
    help: 'wei below which nothing is redeemed early (ten times its gas)',
    schema: amount,
  },
  {
    name: 'hopPeers',
    kind: 'list',
    value: 'URL',
    help: 'relay that sealed requests are passed on to; repeat for several',
    schema: list('expected URLs', url('ws:', 'wss:')),
  },
  {
    name: 'hopSecond',
    kind: 'switch',
    value: 'true|false',
    help: 'open requests that are sealed to this relay (false)',
    schema: v.boolean('expected true or false'),
  },
  {
    name: 'hopSecret',
    kind: 'text',
    value: 'KEY',
    help: 'makes the keys of relays that share no store',
    schema: hex(32),
    secret: 'value',
  },
  {
    name: 'pushContact',
    kind: 'text',
    value: 'URL',
    help: 'mailto: or https: of the operator; a gateway that wakes phones',
    schema: url('mailto:', 'https:'),
  },
  {
    name: 'pushGateways',
    kind: 'list',
    value: 'URL',
    help: 'relay whose gateway owners of boxes may name; repeat for several',
    schema: list('expected URLs', url('ws:', 'wss:')),
  },
  { name: 's3Region', kind: 'text', value: 'NAME', help: 'its region', schema: text('expected a region') },
  { name: 's3Bucket', kind: 'text', value: 'NAME', help: 'its bucket', schema: text('expected a bucket') },
  {
    name: 's3AccessKey',
    kind: 'text',
    value: 'ID',
    help: 'its access key id',
    schema: text('expected a key id'),
  },
  {
    name: 's3SecretKey',
    kind: 'text',
    value: 'SECRET',
    help: 'secret of s3AccessKey',
    schema: text('expected a secret'),
    secret: 'value',
  },
]

/** Names of the limits an operator may set. */
export const LIMIT_NAMES: readonly string[] = Object.keys(DEFAULT_LIMITS)

/** `drainDelayMs` may be nothing; a relay without the others would serve nobody. Fractions stand between 0 and 1. */
function limitSchema([name, value]: [string, number]): [string, v.GenericSchema] {
  if (Number.isInteger(value))
    return [name, v.optional(whole(name === 'drainDelayMs' ? 0 : 1, Number.MAX_SAFE_INTEGER))]
  const what = 'expected a number from 0 to 1'
  return [name, v.optional(v.pipe(v.number(what), v.minValue(0, what), v.maxValue(1, what)))]
}

/** Without a prototype: `constructor` and `__proto__` are unknown names like any other. */
function strict(entries: Iterable<readonly [string, v.GenericSchema]>): v.GenericSchema {
  const table: Record<string, v.GenericSchema> = Object.assign(
    Object.create(null),
    Object.fromEntries([...entries].map(([name, schema]) => [name, schema])),
  )
  const what = 'expected an object'
  return v.pipe(
    v.unknown(),
    v.check((value) => !Array.isArray(value), what),
    v.strictObject(table, what),
  )
}

const schema = strict([
  ...SETTINGS.map((setting): [string, v.GenericSchema] => [setting.name, v.optional(setting.schema)]),
  ['limits', v.optional(strict(Object.entries(DEFAULT_LIMITS).map(limitSchema)))],
])

export interface SettingProblem {
  /** Dotted path, e.g. `limits.framesPerBox`. */
  readonly path: string
  /** Never quotes the value. */
  readonly reason: string
}

/** Settings from outside, or the first thing that is wrong with them. */
export function checkSettings(value: unknown): RelaySettings | SettingProblem {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output as RelaySettings
  const [issue] = result.issues
  const path = (v.getDotPath(issue) ?? '').slice(0, 100)
  const unknown = issue.type === 'strict_object' && issue.expected === 'never'
  return { path, reason: unknown ? 'there is no such setting' : issue.message }
}
