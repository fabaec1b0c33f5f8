// What each package costs a web page: bundled for a browser with all it needs, minified and gzipped.
//
// Limits stand about a tenth above what was measured. To raise one is a decision: the reason goes into the commit.
import { readdirSync, readFileSync } from 'node:fs'
import { moduleEntries } from './scripts/lib/exports.mjs'

/** Kilobytes (1000 bytes) by public entry. */
const LIMITS = {
  core: 1.8,
  crypto: 32,
  'crypto/kem': 10,
  'crypto/slim': 17.7,
  tlv: 12.6,
  ratchet: 14.4,
  'ratchet/pq': 16,
  'ratchet/sessions': 21.5,
  'ratchet/signal': 36,
  mls: 48,
  'mls/lite': 18,
  'mls/order': 51,
  'mls/suites': 34,
  identity: 44,
  content: 14,
  payment: 16.3,
  'payment/evm': 33,
  objects: 54,
  store: 37,
  'store/level': 63,
  transport: 11.5,
  'transport/link-mailbox': 15,
  'transport-libp2p': 297,
  'transport-link': 36,
  'transport-link/datagrams': 4.7,
  'transport-nostr': 62,
  'transport-relay': 23.8,
  'transport-relay/hops': 48.5,
  'transport-relay/push': 6,
  'transport-relay/wire': 12.7,
  messenger: 188,
  testkit: 31.2,
}

/**
 * Programs that use all that sessions need (packages/ratchet/size/), slim provider and libraries included, built for
 * production.
 */
const SESSIONS = { classic: 25, pq: 36 }

/** Programs and servers: no page loads them. */
const NODE_ONLY = ['cli', 'relay']

function entriesOf(name) {
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'))
  return moduleEntries(manifest, 'browser').map(({ specifier, file }) => ({
    entry: specifier.replace('@hyphae/', ''),
    path: `packages/${name}/${file}`,
  }))
}

function limitOf(entry) {
  const limit = LIMITS[entry]
  if (limit === undefined) throw new Error(`.size-limit.mjs has no limit for @hyphae/${entry}`)
  return limit
}

function check(name, path, limit, ...conditions) {
  return {
    name,
    path,
    limit: `${limit} kB`,
    gzip: true,
    modifyEsbuildConfig: (config) => ({
      ...config,
      format: 'esm',
      platform: 'browser',
      conditions: [...conditions, 'browser', 'import', 'default'],
    }),
  }
}

const entries = readdirSync('packages')
  .filter((name) => !NODE_ONLY.includes(name))
  .flatMap(entriesOf)

export default [
  ...Object.entries(SESSIONS).map(([suite, limit]) =>
    check(`sessions, ${suite}`, `packages/ratchet/size/${suite}.ts`, limit, 'production'),
  ),
  ...entries.map(({ entry, path }) => check(`@hyphae/${entry}`, path, limitOf(entry))),
]
