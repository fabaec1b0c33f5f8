/**
 * Runs the steps of a vector and records what comes out. Writing and replaying use the same code: a replayed
 * step must give the recorded outputs from the recorded inputs and random bytes.
 */
import { fromHex, isHyphaeError, toHex } from '@hyphae/core'
import { type CryptoProvider, createNobleCrypto } from '@hyphae/crypto'
import type { SealedSize } from '@hyphae/tlv'
import {
  acceptSession,
  createPrekeyState,
  type DeviceKeys,
  decodePrekeyBundle,
  decodePrekeyState,
  decodeSession,
  decryptFrame,
  encodePrekeyState,
  encodeSession,
  encryptFrame,
  expectedTags,
  generateOneTimePrekeys,
  initiateSession,
  lastResortBundle,
  type PostQuantum,
  type PrekeyState,
  rotateSignedPrekey,
  type SessionState,
  verifyPrekeyBundle,
} from '../../src/index.js'

export type Json = string | number | boolean | null | readonly Json[]
export type Fields = Readonly<Record<string, Json>>

/** Bytes are lower-case hexadecimal; times are milliseconds. */
export interface Step {
  readonly op: string
  readonly in: Fields
  readonly out: Fields
}

export interface Vector {
  readonly name: string
  /** Random bytes in the order in which they are drawn. */
  readonly random: readonly string[]
  readonly steps: readonly Step[]
}

interface Party {
  keys: DeviceKeys
  prekeys?: PrekeyState
  session?: SessionState
}

type Operation = (input: Fields) => Fields

/** The code of a typed error, null for a frame that is nobody's, or 'accepted'. */
function verdictOf(attempt: () => unknown): string | null {
  try {
    return attempt() === null ? null : 'accepted'
  } catch (error) {
    if (isHyphaeError(error)) return error.code
    throw error
  }
}

export class Machine {
  readonly crypto: CryptoProvider
  readonly steps: Step[] = []
  readonly random: string[] = []
  /** Of suite 2 vectors. */
  readonly #pq: { readonly pq?: PostQuantum }
  readonly #parties = new Map<string, Party>()
  readonly #operations: Readonly<Record<string, Operation>>

  constructor(rng: (length: number) => Uint8Array, pq?: PostQuantum) {
    this.#pq = pq === undefined ? {} : { pq }
    this.crypto = createNobleCrypto({
      rng: (length) => {
        const bytes = rng(length)
        this.random.push(toHex(bytes))
        return bytes
      },
    })
    this.#operations = {
      device: (input) => this.#device(input),
      prekeys: (input) => this.#prekeys(input),
      rotate: (input) => this.#rotate(input),
      initiate: (input) => this.#initiate(input),
      accept: (input) => this.#accept(input),
      encrypt: (input) => this.#encrypt(input),
      decrypt: (input) => this.#decrypt(input),
      exchange: (input) => this.#exchange(input),
      restart: (input) => this.#restart(input),
      refuse: (input) => this.#refuse(input),
    }
  }

  /** Runs one step, records it and returns its outputs. */
  run(op: string, input: Fields): Fields {
    const operation = this.#operations[op]
    if (operation === undefined) throw new Error(`unknown step ${op}`)
    const out = operation(input)
    this.steps.push({ op, in: input, out })
    return out
  }

  #party(name: Json | undefined): Party {
    const party = this.#parties.get(String(name))
    if (party === undefined) throw new Error(`no device ${name}`)
    return party
  }

  #session(name: Json | undefined): SessionState {
    const { session } = this.#party(name)
    if (session === undefined) throw new Error(`no session of ${name}`)
    return session
  }

  #prekeyState(name: Json | undefined): PrekeyState {
    const { prekeys } = this.#party(name)
    if (prekeys === undefined) throw new Error(`no prekeys of ${name}`)
    return prekeys
  }

  #device(input: Fields): Fields {
    const keys = { signing: this.crypto.ed25519.generate(), agreement: this.crypto.x25519.generate() }
    this.#parties.set(String(input.name), { keys })
    return { signing: toHex(keys.signing.publicKey), agreement: toHex(keys.agreement.publicKey) }
  }

  #prekeys(input: Fields): Fields {
    const party = this.#party(input.of)
    const empty = createPrekeyState(this.crypto, party.keys, { now: Number(input.now), ...this.#pq })
    const made = generateOneTimePrekeys(this.crypto, party.keys, empty, Number(input.count))
    party.prekeys = made.state
    return {
      bundles: made.bundles.map(toHex),
      lastResort: toHex(lastResortBundle(this.crypto, party.keys, made.state)),
      snapshot: toHex(encodePrekeyState(this.crypto, made.state)),
    }
  }

  #rotate(input: Fields): Fields {
    const party = this.#party(input.of)
    const now = Number(input.now)
    party.prekeys = rotateSignedPrekey(this.crypto, party.keys, this.#prekeyState(input.of), { now })
    return {
      lastResort: toHex(lastResortBundle(this.crypto, party.keys, party.prekeys)),
      snapshot: toHex(encodePrekeyState(this.crypto, party.prekeys)),
    }
  }

  #initiate(input: Fields): Fields {
    const party = this.#party(input.by)
    const peer = this.#party(input.to).keys.signing.publicKey
    const bundle = verifyPrekeyBundle(this.crypto, decodePrekeyBundle(fromHex(String(input.bundle))), peer)
    const { session, handshake, usedOneTime } = initiateSession(this.crypto, {
      keys: party.keys,
      bundle,
      now: Number(input.now),
      context: fromHex(String(input.context)),
      ...this.#pq,
    })
    party.session = session
    return { handshake: toHex(handshake), usedOneTime, ...this.#shown(session) }
  }

  #accept(input: Fields): Fields {
    const party = this.#party(input.by)
    const accepted = this.#tryAccept(input.by, input.from, String(input.handshake), Number(input.now))
    party.prekeys = accepted.prekeys
    party.session = accepted.session
    return {
      initialKey: toHex(accepted.initialKey),
      usedOneTime: accepted.usedOneTime,
      context: toHex(accepted.context),
      prekeys: toHex(encodePrekeyState(this.crypto, accepted.prekeys)),
      ...this.#shown(accepted.session),
    }
  }

  #tryAccept(by: Json | undefined, from: Json | undefined, hex: string, now: number) {
    const { keys } = this.#party(by)
    const initiator = this.#party(from).keys
    const peer = { signing: initiator.signing.publicKey, agreement: initiator.agreement.publicKey }
    const prekeys = this.#prekeyState(by)
    return acceptSession(this.crypto, { keys, prekeys, handshake: fromHex(hex), peer, now })
  }

  #shown(session: SessionState): Fields {
    return {
      id: toHex(session.id),
      mailboxSecret: toHex(session.mailboxSecret),
      snapshot: toHex(encodeSession(session)),
    }
  }

  #encrypt(input: Fields): Fields {
    const party = this.#party(input.by)
    const sent = encryptFrame(this.crypto, this.#session(input.by), {
      body: fromHex(String(input.body)),
      size: Number(input.size) as SealedSize,
    })
    party.session = sent.session
    return { frame: toHex(sent.frame), snapshot: toHex(encodeSession(sent.session)) }
  }

  #decrypt(input: Fields): Fields {
    const party = this.#party(input.by)
    const now = Number(input.now)
    const opened = decryptFrame(this.crypto, this.#session(input.by), fromHex(String(input.frame)), { now })
    if (opened === null) throw new Error('a frame of the vector does not open')
    party.session = opened.session
    const tags = expectedTags(opened.session, this.crypto).map(toHex)
    const snapshot = toHex(encodeSession(opened.session))
    return { body: toHex(opened.body), n: opened.n, tags, snapshot }
  }

  /** Many messages in turn, all read at once. Of their frames only one hash is recorded. */
  #exchange(input: Fields): Fields {
    const names = [String(input.first), String(input.second)]
    const hash = this.crypto.createSha256()
    for (let i = 0; i < Number(input.count); i++) {
      const by = names[i % 2]
      const { frame } = this.#encrypt({ by: String(by), body: String(input.body), size: Number(input.size) })
      hash.update(fromHex(String(frame)))
      this.#decrypt({ by: String(names[(i + 1) % 2]), frame: String(frame), now: Number(input.now) + i })
    }
    const snapshots = names.map((name) => toHex(encodeSession(this.#session(name))))
    return { framesSha256: toHex(hash.digest()), snapshots }
  }

  #restart(input: Fields): Fields {
    const party = this.#party(input.by)
    const bytes = encodeSession(this.#session(input.by))
    party.session = decodeSession(this.crypto, bytes, this.#pq)
    if (party.prekeys !== undefined) {
      const prekeys = encodePrekeyState(this.crypto, party.prekeys)
      party.prekeys = decodePrekeyState(this.crypto, prekeys, this.#pq)
    }
    return { snapshot: toHex(bytes) }
  }

  /** An input that must be refused, and how. The state stays as it is. */
  #refuse(input: Fields): Fields {
    const hex = String(input.input)
    const bytes = fromHex(hex)
    const { keys } = this.#party(input.by)
    const attempts: Readonly<Record<string, () => unknown>> = {
      bundle: () => {
        const owner = this.#party(input.from).keys.signing.publicKey
        return verifyPrekeyBundle(this.crypto, decodePrekeyBundle(bytes), owner)
      },
      handshake: () => this.#tryAccept(input.by, input.from, hex, 0),
      frame: () => decryptFrame(this.crypto, this.#session(input.by), bytes),
      snapshot: () => decodeSession(this.crypto, bytes, this.#pq),
      prekeys: () => decodePrekeyState(this.crypto, bytes, this.#pq),
    }
    const attempt = attempts[String(input.kind)]
    if (attempt === undefined || keys === undefined) throw new Error(`cannot refuse ${input.kind}`)
    return { verdict: verdictOf(attempt) }
  }
}
