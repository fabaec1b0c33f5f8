// One device in a group, whatever program it is: what the check asks of both sides.

/** What a commit leaves behind for others. */
export interface Commit {
  /** One MLSMessage. */
  readonly commit: Uint8Array
  /** One MLSMessage; there when somebody was added. */
  readonly welcome?: Uint8Array
}

/** What a message turned out to be. */
export type Read = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'handshake' }

export interface Party {
  /** `uuid:device@domain`: its credential, and the name by which others know it. */
  readonly name: string
  readonly program: 'hyphae' | 'core-crypto'
  /** A KeyPackage without the MLSMessage around it. */
  offer(): Promise<Uint8Array>
  create(groupId: Uint8Array): Promise<void>
  join(welcome: Uint8Array): Promise<void>
  /** An MLSMessage with the GroupInfo of the present epoch. */
  groupInfo(): Promise<Uint8Array>
  joinExternally(groupInfo: Uint8Array): Promise<Commit>
  say(text: string): Promise<Uint8Array>
  read(message: Uint8Array): Promise<Read>
  update(): Promise<Commit>
  add(offers: readonly Uint8Array[]): Promise<Commit>
  remove(names: readonly string[]): Promise<Commit>
  /** A commit of what others have proposed. */
  commitProposals(): Promise<Commit>
  epoch(): Promise<number>
  members(): Promise<string[]>
  /** Forgets the group, as a device that has lost its state. */
  forget(): Promise<void>
}
