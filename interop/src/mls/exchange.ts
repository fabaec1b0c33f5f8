// One group of both programs, from its first member to its last commit; every step is checked at everybody.
import type { Commit, Party } from './party.js'

/** How often each thing was shown to work between the two programs. */
export interface Tally {
  /** Messages read by a member of the other program, with the text that was sent. */
  messages: number
  /** Commits read by a member of the other program, which then was in the same epoch with the same members. */
  commits: number
  /** Of these: what the commit did. */
  adds: number
  updates: number
  removes: number
  externalJoins: number
  extensionChanges: number
  /** Proposals to leave of one program, committed by the other. */
  leaves: number
  /** Welcomes of one program that a device of the other opened. */
  welcomes: number
}

export type Step = 'adds' | 'updates' | 'removes' | 'externalJoins' | 'extensionChanges' | 'leaves'

export class Group {
  readonly tally: Tally = {
    messages: 0,
    commits: 0,
    adds: 0,
    updates: 0,
    removes: 0,
    externalJoins: 0,
    extensionChanges: 0,
    leaves: 0,
    welcomes: 0,
  }
  #members: Party[]

  constructor(creator: Party) {
    this.#members = [creator]
  }

  get members(): readonly Party[] {
    return this.#members
  }

  /** All are in one epoch and name the same members. */
  async agree(): Promise<void> {
    const expected = this.#members.map(({ name }) => name).sort()
    const epochs = await Promise.all(this.#members.map((one) => one.epoch()))
    if (new Set(epochs).size !== 1) throw new Error(`epochs differ: ${epochs.join(', ')}`)
    for (const one of this.#members) {
      const names = await one.members()
      if (names.join() !== expected.join())
        throw new Error(
          `${one.name} (${one.program}) sees ${names.join(', ')} instead of ${expected.join(', ')}`,
        )
    }
  }

  /** Everybody says something, and everybody else reads just that. */
  async talk(): Promise<void> {
    for (const from of this.#members) {
      const text = `${from.name} in epoch ${await from.epoch()}: ${this.tally.messages}`
      const message = await from.say(text)
      for (const to of this.#members) {
        if (to === from) continue
        const read = await to.read(message)
        if (read.kind !== 'text' || read.text !== text)
          throw new Error(`${to.name} (${to.program}) read ${JSON.stringify(read)} instead of ${text}`)
        if (to.program !== from.program) this.tally.messages++
      }
    }
  }

  /** All but the committer, those who are new and those who are gone read it. */
  async #deliver(from: Party, step: Step, { commit }: Commit, readers: readonly Party[]): Promise<void> {
    for (const to of readers) {
      if (to === from) continue
      const read = await to.read(commit)
      if (read.kind !== 'handshake') throw new Error(`${to.name} (${to.program}) took a commit for a text`)
      if (to.program === from.program) continue
      this.tally.commits++
      this.tally[step]++
    }
  }

  async change(from: Party, step: 'updates' | 'extensionChanges', made: Commit): Promise<void> {
    await this.#deliver(from, step, made, this.#members)
    await this.agree()
  }

  async add(from: Party, newcomers: readonly Party[]): Promise<void> {
    const offers = await Promise.all(newcomers.map((one) => one.offer()))
    const made = await from.add(offers)
    if (made.welcome === undefined) throw new Error(`${from.name} made no Welcome`)
    await this.#deliver(from, 'adds', made, this.#members)
    for (const one of newcomers) {
      await one.join(made.welcome)
      if (one.program !== from.program) this.tally.welcomes++
    }
    this.#members.push(...newcomers)
    await this.agree()
  }

  async remove(from: Party, gone: Party): Promise<void> {
    const made = await from.remove([gone.name])
    this.#members = this.#members.filter((one) => one !== gone)
    await this.#deliver(from, 'removes', made, this.#members)
    await this.agree()
  }

  /** A member asks to leave, everybody reads that, and one of them commits it. */
  async leave(goer: Party, proposal: Uint8Array, committer: Party): Promise<void> {
    for (const to of this.#members) if (to !== goer) await to.read(proposal)
    const made = await committer.commitProposals()
    this.#members = this.#members.filter((one) => one !== goer)
    await this.#deliver(committer, 'leaves', made, this.#members)
    await this.agree()
  }

  /** A newcomer, or a member that has lost its state. */
  async enter(newcomer: Party, through: Party): Promise<void> {
    const made = await newcomer.joinExternally(await through.groupInfo())
    this.#members = this.#members.filter((one) => one !== newcomer)
    await this.#deliver(newcomer, 'externalJoins', made, this.#members)
    this.#members.push(newcomer)
    await this.agree()
  }
}
