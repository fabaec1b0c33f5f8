/** What a node tells besides messages. Events are live only: the state they speak of can be queried at any time. */
import type { AccountId, DeviceId, GroupId, MessageId } from '@hyphae/core'

export type DeliveryState = 'queued' | 'stored' | 'delivered' | 'read'

export type MessengerEvent =
  | { readonly type: 'contact'; readonly account: AccountId }
  | { readonly type: 'status'; readonly id: MessageId; readonly state: DeliveryState }
  /** A carrier has all chunks of a sent file that had to wait for one. */
  | { readonly type: 'file-stored'; readonly id: MessageId }
  | { readonly type: 'group-joined'; readonly group: GroupId; readonly name: string }
  /** Its members, or with nobody added or removed its admins. */
  | {
      readonly type: 'group-changed'
      readonly group: GroupId
      readonly added: readonly AccountId[]
      readonly removed: readonly AccountId[]
    }
  | { readonly type: 'group-left'; readonly group: GroupId }
  /** Mail there cannot be placed: a commit is missing, or this device is on another branch than others. It asks them. */
  | { readonly type: 'group-stalled'; readonly group: GroupId }
  | { readonly type: 'group-recovered'; readonly group: GroupId }
  /** The account has committed twice in one epoch, which no honest node does. */
  | { readonly type: 'group-equivocation'; readonly group: GroupId; readonly account: AccountId }
  /** A device of the account asks to be let in: it was removed, or invited on a branch that lost. `add` lets it in. */
  | { readonly type: 'group-admission-asked'; readonly group: GroupId; readonly account: AccountId }
  /** A session began, by this node or by the peer. Without a one-time prekey its first messages are less protected. */
  | {
      readonly type: 'session'
      readonly account: AccountId
      readonly device: DeviceId
      readonly by: 'self' | 'peer'
      readonly oneTimePrekey: boolean
    }
  /**
   * The store is an old copy: what came and went since is lost here. Told first to every reader of events. No session
   * of the copy sends any more, its groups are left, and new sessions are begun with everyone it knew.
   */
  | { readonly type: 'rolled-back' }
  /** A frame or content that was refused, with the code of the refusal. Nothing changed by it. */
  | { readonly type: 'refused'; readonly where: 'intro' | 'session' | 'group'; readonly code: string }

/** Events wait for a reader up to this many; then the oldest are dropped, for they can be queried. */
const MAX_WAITING_EVENTS = 1024

export interface EventHub {
  emit(event: MessengerEvent): void
  /** First those given, then every event from now on, until the signal fires. */
  subscribe(
    signal: AbortSignal,
    first?: readonly MessengerEvent[],
  ): AsyncGenerator<MessengerEvent, void, undefined>
}

export function createEventHub(): EventHub {
  const readers = new Set<(event: MessengerEvent) => void>()
  return {
    emit: (event) => {
      for (const read of readers) read(event)
    },
    subscribe: (signal, first = []) => {
      const waiting: MessengerEvent[] = [...first]
      let wake: (() => void) | undefined
      const read = (event: MessengerEvent): void => {
        if (waiting.length >= MAX_WAITING_EVENTS) waiting.shift()
        waiting.push(event)
        wake?.()
      }
      readers.add(read)
      signal.addEventListener('abort', () => wake?.(), { once: true })
      return (async function* () {
        try {
          while (!signal.aborted) {
            const event = waiting.shift()
            if (event !== undefined) yield event
            else
              await new Promise<void>((resolve) => {
                wake = resolve
              })
          }
        } finally {
          readers.delete(read)
        }
      })()
    },
  }
}
