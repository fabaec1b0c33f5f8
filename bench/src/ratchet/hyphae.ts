// Ours, as a user calls it: pure functions, the next state kept in a variable. Runs in Node and in browsers.
import type { CryptoProvider } from '@hyphae/crypto'
import * as ratchet from '@hyphae/ratchet'
import type { PostQuantum } from '@hyphae/ratchet/pq'
import { type Contender, type Party, settle } from './contender.ts'

type Bytes = Uint8Array

export interface HyphaeOptions {
  readonly name: string
  readonly crypto: CryptoProvider
  /** Given, sessions are post-quantum. */
  readonly pq?: PostQuantum
}

/** A party whose session can be looked at. */
export interface HyphaeParty extends Party<Bytes, Bytes> {
  session(): ratchet.SessionState
}

export interface Hyphae extends Contender<Bytes, Bytes> {
  pair(): Promise<readonly [HyphaeParty, HyphaeParty]>
}

function party(crypto: CryptoProvider, first: ratchet.SessionState): HyphaeParty {
  let session = first
  return {
    session: () => session,
    encrypt(body) {
      // 64 bytes go into 512, 1,024 into 2,048.
      const next = ratchet.encryptFrame(crypto, session, { body, size: body.length > 440 ? 2048 : 512 })
      session = next.session
      return next.frame
    },
    decrypt(frame) {
      const opened = ratchet.decryptFrame(crypto, session, frame)
      if (opened === null) throw new Error('a frame did not open')
      session = opened.session
      return opened.body
    },
  }
}

/** Two devices, and one-time bundles of the second. */
function world({ crypto, pq }: HyphaeOptions, count: number, now: number) {
  const device = () => ({ signing: crypto.ed25519.generate(), agreement: crypto.x25519.generate() })
  const [alice, bob] = [device(), device()]
  const suite = pq === undefined ? {} : { pq }
  const empty = ratchet.createPrekeyState(crypto, bob, { now, ...suite })
  const { state, bundles } = ratchet.generateOneTimePrekeys(crypto, bob, empty, count)
  const peer = ratchet.devicePublicKeys(crypto, alice)
  let prekeys = state
  return {
    bundles,
    initiate(encoded: Bytes) {
      const unverified = ratchet.decodePrekeyBundle(encoded)
      const bundle = ratchet.verifyPrekeyBundle(crypto, unverified, bob.signing.publicKey)
      return ratchet.initiateSession(crypto, { keys: alice, bundle, now, ...suite })
    },
    accept(handshake: Bytes) {
      const accepted = ratchet.acceptSession(crypto, { keys: bob, prekeys, handshake, peer, now })
      prekeys = accepted.prekeys
      return accepted.session
    },
  }
}

export function hyphae(options: HyphaeOptions): Hyphae {
  const { name, crypto } = options
  return {
    name,
    pace: 'sync',
    body: (bytes) => bytes,
    bytes: (body) => body,
    async pair() {
      const { bundles, initiate, accept } = world(options, 1, Date.now())
      const begun = initiate(bundles[0] as Bytes)
      const parties = [party(crypto, begun.session), party(crypto, accept(begun.handshake))] as const
      await settle(parties, new Uint8Array(64))
      return parties
    },
    async setups(n, body) {
      const { bundles, initiate, accept } = world(options, n, Date.now())
      return bundles.map((encoded) => () => {
        const begun = initiate(encoded)
        const frame = party(crypto, begun.session).encrypt(body) as Bytes
        return party(crypto, accept(begun.handshake)).decrypt(frame)
      })
    },
  }
}
