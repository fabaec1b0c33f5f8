// What every ratchet library is measured through: two parties in one process, their state in memory.
//
// Bodies and letters have the shape that the library's own interface takes; converting them is not timed.

export type Maybe<T> = T | Promise<T>

export interface Party<Body, Letter> {
  encrypt(body: Body): Maybe<Letter>
  decrypt(letter: Letter): Maybe<Body>
}

export interface Contender<Body = unknown, Letter = unknown> {
  readonly name: string
  /** A synchronous library is not made to wait for promises it does not need. */
  readonly pace: 'sync' | 'async'
  body(bytes: Uint8Array): Body
  bytes(body: Body): Uint8Array
  /** An established session: each side has heard from the other. */
  pair(): Promise<readonly [Party<Body, Letter>, Party<Body, Letter>]>
  /**
   * `n` one-time bundles, and for each the work of a new session: check the bundle, make the session, seal the
   * first message, and on the other side accept and open it. A piece of work gives back the body that arrived.
   */
  setups(n: number, body: Body): Promise<(() => Maybe<Body>)[]>
}

/** Both sides answer once, so that no handshake rides along any more. */
export async function settle<Body, Letter>(
  parties: readonly [Party<Body, Letter>, Party<Body, Letter>],
  body: Body,
): Promise<void> {
  const [alice, bob] = parties
  for (let i = 0; i < 4; i++) {
    await bob.decrypt(await alice.encrypt(body))
    await alice.decrypt(await bob.encrypt(body))
  }
}
