/** The host names under which a relay answers to proofs and signatures. spec/relay.md section 3. */
import { hostName } from '@hyphae/transport-relay/wire'

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]']

export interface Names {
  /** True when nothing was configured and every name is believed. */
  readonly any: boolean
  /** The name a `Host` header gives, when it is one of the relay's own. */
  own(header: string | undefined): string | undefined
}

export function createNames(host: string, names: readonly string[] | undefined): Names {
  const known = knownNames(host, names)
  return {
    any: known === undefined,
    own: (header) => {
      const name = hostName(header ?? '')
      return name !== undefined && (known === undefined || known.has(name)) ? name : undefined
    },
  }
}

/** Undefined: whatever the client says. */
function knownNames(host: string, names: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (names !== undefined) return new Set(names.map((name) => hostName(name) ?? name))
  return LOOPBACK.includes(host) || host === '::1' ? new Set(LOOPBACK) : undefined
}
