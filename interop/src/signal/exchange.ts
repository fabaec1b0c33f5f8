// Seeded traffic between two parties: random direction and length, letters dropped, reordered, repeated and damaged.
// Every letter that arrives must open to what was sent, once; every other one must be refused and change nothing.
import type { Letter, Party } from './party.js'
import type { Below } from './random.js'

export interface Traffic {
  readonly letters: number
  /** In percent of the letters. */
  readonly dropped: number
  readonly repeated: number
  readonly damaged: number
  /** A letter is overtaken by at most this many. Implementations keep five chains, so it stays below that. */
  readonly overtaken: number
  /** Bytes of the longest plaintext. */
  readonly longest: number
}

export interface Tally {
  sent: number
  delivered: number
  dropped: number
  reordered: number
  repeatsRefused: number
  damageRefused: number
}

interface Waiting {
  readonly letter: Letter
  readonly body: Uint8Array
  overtaken: number
}

const QUEUE = 6
const PERCENT = 100

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

async function refused(party: Party, letter: Letter): Promise<boolean> {
  return party.decrypt(letter).then(
    () => false,
    () => true,
  )
}

function damage({ kind, bytes }: Letter, below: Below): Letter {
  const changed = Uint8Array.from(bytes)
  // Within the inner message: the outer one of a first message has bytes that nothing protects.
  const at = changed.length - 1 - below(Math.min(changed.length, 60))
  changed[at] = (changed[at] as number) ^ (1 << below(8))
  return { kind, bytes: changed }
}

/** One direction: what `from` sent and `to` has not yet seen. */
class Lane {
  readonly #waiting: Waiting[] = []
  readonly #from: Party
  readonly #to: Party
  readonly #traffic: Traffic
  readonly #below: Below
  readonly #tally: Tally

  constructor(from: Party, to: Party, traffic: Traffic, below: Below, tally: Tally) {
    this.#from = from
    this.#to = to
    this.#traffic = traffic
    this.#below = below
    this.#tally = tally
  }

  async send(mayDrop: boolean): Promise<void> {
    const body = Uint8Array.from({ length: this.#below(this.#traffic.longest + 1) }, () => this.#below(256))
    const letter = await this.#from.encrypt(body)
    this.#tally.sent++
    if (mayDrop && this.#below(PERCENT) < this.#traffic.dropped) this.#tally.dropped++
    else this.#waiting.push({ letter, body, overtaken: 0 })
  }

  get length(): number {
    return this.#waiting.length
  }

  async deliver(): Promise<void> {
    const first = this.#waiting[0]
    if (first === undefined) return
    const mustBeFirst = first.overtaken >= this.#traffic.overtaken
    const at = mustBeFirst ? 0 : this.#below(Math.min(2, this.#waiting.length))
    const [next] = this.#waiting.splice(at, 1)
    if (next === undefined) return
    if (at > 0) {
      first.overtaken++
      this.#tally.reordered++
    }
    await this.#open(next)
  }

  async #open({ letter, body }: Waiting): Promise<void> {
    const { damaged, repeated } = this.#traffic
    if (this.#below(PERCENT) < damaged) {
      if (!(await refused(this.#to, damage(letter, this.#below)))) throw new Error('a damaged letter opened')
      this.#tally.damageRefused++
    }
    const opened = await this.#to.decrypt(letter)
    if (!same(opened, body)) throw new Error(`${this.#to.name} read something else`)
    this.#tally.delivered++
    if (letter.kind === 'message' && this.#below(PERCENT) < repeated) {
      if (!(await refused(this.#to, letter))) throw new Error('a repeated letter opened')
      this.#tally.repeatsRefused++
    }
  }
}

/** `initiator` has a session and `responder` none yet. Ends with nothing in flight. */
export async function exchange(
  initiator: Party,
  responder: Party,
  traffic: Traffic,
  below: Below,
): Promise<Tally> {
  const tally = { sent: 0, delivered: 0, dropped: 0, reordered: 0, repeatsRefused: 0, damageRefused: 0 }
  const there = new Lane(initiator, responder, traffic, below, tally)
  const back = new Lane(responder, initiator, traffic, below, tally)
  await there.send(false)
  await there.deliver()
  while (tally.sent < traffic.letters) {
    const lane = below(2) === 0 ? there : back
    await lane.send(true)
    const busy = below(2) === 0 ? there : back
    while (busy.length > below(QUEUE)) await busy.deliver()
  }
  while (there.length + back.length > 0) {
    await there.deliver()
    await back.deliver()
  }
  return tally
}
