// The peers, each loaded by itself: one that cannot be installed or started on this machine is told, not hidden.
import type { Contender } from './contender.ts'

export interface PeerSource {
  /** In the names of figures and ratios. */
  readonly id: string
  readonly load: () => Promise<Contender>
  /** Which of ours it is held against: one that is post-quantum itself, or one that is not. */
  readonly against: 'classic' | 'pq'
}

export const PEERS: readonly PeerSource[] = [
  {
    id: 'Libsignal',
    against: 'pq',
    load: async () => (await import('./libsignal-client.ts')).libsignalClient(),
  },
  { id: 'Olm', against: 'classic', load: async () => (await import('./olm.ts')).olm() },
  {
    id: 'Whiskeysockets',
    against: 'classic',
    load: async () => (await import('./whiskeysockets.ts')).whiskeysockets(),
  },
  {
    id: 'LibsignalTypescript',
    against: 'classic',
    load: async () => (await import('./libsignal-typescript.ts')).libsignalTypescript(),
  },
]
