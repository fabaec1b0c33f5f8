// @matrix-org/olm, WebAssembly. Text and base64 are its own interface.
import Olm from '@matrix-org/olm'
import { type Contender, type Party, settle } from './contender.ts'

interface Letter {
  readonly type: 0 | 1
  readonly body: string
}

const text = { encode: new TextEncoder(), decode: new TextDecoder() }

function party(session: Olm.Session): Party<string, Letter> {
  return {
    encrypt: (body) => session.encrypt(body),
    decrypt: ({ type, body }) => session.decrypt(type, body),
  }
}

interface Offer {
  readonly key: string
  readonly signature: string
}

/** Signed one-time keys, as Matrix publishes them. */
function offers(account: Olm.Account, count: number): Offer[] {
  account.generate_one_time_keys(count)
  const { curve25519 } = JSON.parse(account.one_time_keys()) as { curve25519: Record<string, string> }
  account.mark_keys_as_published()
  return Object.values(curve25519).map((key) => ({ key, signature: account.sign(key) }))
}

interface Identity {
  readonly curve25519: string
  readonly ed25519: string
}

function account(): { readonly account: Olm.Account; readonly identity: Identity } {
  const account = new Olm.Account()
  account.create()
  return { account, identity: JSON.parse(account.identity_keys()) as Identity }
}

function world() {
  const utility = new Olm.Utility()
  const [alice, bob] = [account(), account()]
  return {
    offers: (count: number) => offers(bob.account, count),
    begin({ key, signature }: Offer): Olm.Session {
      utility.ed25519_verify(bob.identity.ed25519, key, signature)
      const session = new Olm.Session()
      session.create_outbound(alice.account, bob.identity.curve25519, key)
      return session
    },
    accept(first: string): Olm.Session {
      const session = new Olm.Session()
      session.create_inbound_from(bob.account, alice.identity.curve25519, first)
      bob.account.remove_one_time_keys(session)
      return session
    },
  }
}

export async function olm(): Promise<Contender<string, Letter>> {
  await Olm.init()
  return {
    name: 'olm',
    pace: 'sync',
    body: (bytes) => String.fromCharCode(...bytes.map((byte) => 32 + (byte & 63))),
    bytes: (body) => text.encode.encode(body),
    async pair() {
      const { offers, begin, accept } = world()
      const outbound = begin(offers(1)[0] as Offer)
      const letter = outbound.encrypt('first')
      const inbound = accept(letter.body)
      if (inbound.decrypt(letter.type, letter.body) !== 'first') throw new Error('olm did not open its own')
      const parties = [party(outbound), party(inbound)] as const
      await settle(parties, 'settle')
      return parties
    },
    async setups(n, body) {
      const { offers, begin, accept } = world()
      return offers(n).map((offer) => () => {
        const outbound = begin(offer)
        const letter = outbound.encrypt(body)
        const inbound = accept(letter.body)
        const opened = inbound.decrypt(letter.type, letter.body)
        outbound.free()
        inbound.free()
        return opened
      })
    },
  }
}
