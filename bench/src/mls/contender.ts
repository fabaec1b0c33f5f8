// What every library under test does in a group of N: the first member adds all others in one commit, the last one
// joins from the Welcome, both refresh themselves in turn, and the first writes to the last.

export type Side = 'first' | 'last'

export interface Group {
  /** The first member adds everybody else in one commit. */
  addAll(): Promise<void>
  /** The last member joins from the Welcome. */
  join(): Promise<void>
  /** Makes a commit that refreshes this side's keys, and takes it as accepted. */
  update(who: Side): Promise<void>
  /** The other side reads it. */
  process(who: Side): Promise<void>
  /** The first side writes so many messages of 64 bytes. */
  encrypt(count: number): Promise<void>
  /** The last side reads them. */
  decrypt(): Promise<void>
}

export interface Contender {
  readonly name: string
  /** Devices and KeyPackages of a group of `members`; nothing of it is measured. */
  prepare(members: number): Promise<() => Promise<Group>>
}

export const PLAINTEXT = new Uint8Array(64).fill(7)

/** The form of an identity that Wire's library insists on. */
export function identity(index: number): string {
  const hex = (index + 1).toString(16)
  return `00000000-0000-4000-8000-${hex.padStart(12, '0')}:${hex}@wire.com`
}

export const other = (who: Side): Side => (who === 'first' ? 'last' : 'first')
