// The layers of Hyphae: imports go down only. `npm run layering` checks every source file against this.

/** What each package may import, besides itself and what its package.json declares. */
const GROUND = ['core', 'crypto', 'tlv']
const PROTOCOLS = ['ratchet', 'mls', 'identity', 'content', 'store', 'transport', 'payment', 'objects']
const CARRIERS = ['transport-libp2p', 'transport-link', 'transport-nostr', 'transport-relay']
const NODES = ['messenger', 'relay']

const MAY_IMPORT = {
  core: [],
  crypto: ['core'],
  testkit: ['core', 'crypto'],
  tlv: ['core', 'crypto'],
  ...Object.fromEntries(PROTOCOLS.map((name) => [name, GROUND])),
  ...Object.fromEntries(CARRIERS.map((name) => [name, [...GROUND, ...PROTOCOLS]])),
  ...Object.fromEntries(NODES.map((name) => [name, [...GROUND, ...PROTOCOLS, ...CARRIERS]])),
  cli: [...GROUND, ...PROTOCOLS, ...CARRIERS, ...NODES],
}

/** Packages that run in any JavaScript engine, and the files of theirs that a `node` condition chooses. */
const PORTABLE = ['core', 'crypto', 'tlv', ...PROTOCOLS, ...CARRIERS, 'messenger', 'testkit']
const CHOSEN_ON_NODE = [
  '^packages/crypto/src/.*node',
  '^packages/store/src/level\\.ts$',
  '^packages/payment/src/.+\\.node\\.ts$',
  '^packages/transport-(libp2p|link|nostr|relay)/src/.+\\.node\\.ts$',
]

const SOURCES = '^(packages|examples)/[^/]+/src/'
const any = (names) => `(${names.join('|')})`

const layers = Object.entries(MAY_IMPORT).map(([name, below]) => ({
  name: `layer-${name}`,
  comment: below.length > 0 ? `${name} may import ${below.join(', ')}` : `${name} imports no other package`,
  severity: 'error',
  from: { path: `^packages/${name}/src/` },
  to: { path: '^(packages|examples)/', pathNot: `^packages/${any([name, ...below])}/` },
}))

module.exports = {
  forbidden: [
    ...layers,
    {
      name: 'layer-unknown',
      comment: 'a package that has no place in the layers yet: add it to MAY_IMPORT',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: `^packages/${any(Object.keys(MAY_IMPORT))}/` },
      to: {},
    },
    {
      name: 'examples-stand-alone',
      comment:
        'an example is what a user could write: it imports packages, not other examples or test tools, but for the suite that a carrier of one’s own has to pass',
      severity: 'error',
      from: { path: '^examples/([^/]+)/src/', pathNot: '^examples/own-link/src/suite[.]ts$' },
      to: { path: '^(packages/testkit|examples)/', pathNot: '^examples/$1/' },
    },
    {
      name: 'front-door',
      comment: 'another package is imported by its name, never by a path into its folder',
      severity: 'error',
      from: { path: '^(?:packages|examples)/([^/]+)/src/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'to-source',
      comment:
        'names resolve to sources (tsconfig.portable.json): through a built file nothing could be followed',
      severity: 'error',
      from: { path: SOURCES },
      to: { path: '^packages/[^/]+/dist/' },
    },
    {
      name: 'no-cycle',
      comment: 'files that import each other cannot be understood one at a time',
      severity: 'error',
      from: { path: SOURCES },
      to: { circular: true },
    },
    {
      name: 'portable',
      comment: 'a portable package imports no Node builtin',
      severity: 'error',
      from: { path: `^packages/${any(PORTABLE)}/src/`, pathNot: CHOSEN_ON_NODE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'portable-entry',
      comment: 'files chosen on Node are reached through an export condition, never from a portable entry',
      severity: 'error',
      from: { path: `^packages/${any(PORTABLE)}/src/(index|level\\.browser)\\.ts$` },
      to: { path: CHOSEN_ON_NODE, reachable: true },
    },
    {
      name: 'declared',
      comment: 'what is imported stands in package.json',
      severity: 'error',
      from: { path: SOURCES },
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown', 'undetermined'],
        // An optional peer is a development dependency too: tests need it.
        dependencyTypesNot: ['npm-peer', 'npm-optional'],
      },
    },
    {
      name: 'resolved',
      comment: 'what is imported exists',
      severity: 'error',
      from: { path: SOURCES },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|^packages/[^/]+/dist/' },
    exclude: { path: '(^|/)(test|fuzz|soak|temp)/|(^|/)(tsup|vitest)\\.config\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.portable.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
}
