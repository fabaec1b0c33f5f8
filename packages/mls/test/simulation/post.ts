// How envelopes travel in the simulation: to every device, again and again until each has taken them, over a network
// that loses, repeats, reorders and parts, past a carrier that holds commits back. At least once, in no order.
import type { NodeLife, SeededRandom, SimulatedNetwork } from '@hyphae/testkit'

export type MailKind = 'commit' | 'other' | 'welcome'

export interface Mail {
  /** Unique in the world. */
  readonly id: string
  readonly kind: MailKind
  readonly bytes: Uint8Array
  /** Who has not confirmed yet. */
  readonly to: readonly string[]
}

export interface Withholding {
  /** Holds this copy back now; asked at every attempt. */
  holds(mail: Mail, to: string): boolean
}

const RESEND_MS = 3000
const ACK_BYTES = 40
const LONGEST_RESEND_MS = 24_000

export interface Receiver {
  /** Takes it in; confirms with `confirm` once that is durable. */
  receive(mail: Mail, confirm: () => void): void
}

/** One per world: which live device takes what arrives for a name. */
export interface PostOffice {
  readonly network: SimulatedNetwork
  readonly withholding: Withholding
  open(name: string, receiver: Receiver): void
  receiver(name: string): Receiver | undefined
}

export function postOffice(network: SimulatedNetwork, withholding: Withholding): PostOffice {
  const receivers = new Map<string, Receiver>()
  return {
    network,
    withholding,
    open: (name, receiver) => void receivers.set(name, receiver),
    receiver: (name) => receivers.get(name),
  }
}

/** Carries one mail to one device until it has confirmed, for as long as the sender lives. */
export function carry(office: PostOffice, life: NodeLife, mail: Mail, to: string, taken: () => void): void {
  const { network, withholding } = office
  const sending = { from: life.name, to, bytes: mail.bytes.length, what: `${mail.kind} ${mail.id}` }
  const confirming = { from: to, to: life.name, bytes: ACK_BYTES, what: `confirmation ${mail.id}` }
  let confirmed = false
  const confirm = (): void =>
    void network.send(confirming, () => {
      if (confirmed || !life.alive) return
      confirmed = true
      taken()
    })
  const attempt = (waitMs: number): void => {
    if (confirmed) return
    if (!withholding.holds(mail, to)) network.send(sending, () => office.receiver(to)?.receive(mail, confirm))
    life.after(waitMs, () => attempt(Math.min(2 * waitMs, LONGEST_RESEND_MS)))
  }
  attempt(RESEND_MS)
}

/** A carrier that delays commits while there is turmoil, and a few for good. */
export function withholder(
  random: SeededRandom,
  options: { readonly delayed: number; readonly forGood: number; readonly over: () => boolean },
): Withholding {
  const fates = new Map<string, 'passes' | 'delayed' | 'lost'>()
  return {
    holds: ({ id, kind }, to) => {
      if (kind !== 'commit') return false
      const key = `${id} ${to}`
      const lot = fates.has(key) ? 0 : random.next()
      const { forGood, delayed } = options
      const fate = fates.get(key) ?? (lot < forGood ? 'lost' : lot < forGood + delayed ? 'delayed' : 'passes')
      fates.set(key, fate)
      return fate === 'lost' || (fate === 'delayed' && !options.over())
    },
  }
}
