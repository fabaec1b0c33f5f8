/** All that a page loads for post-quantum sessions. */
import { slimCrypto } from '@hyphae/crypto/slim'
import { postQuantum } from '@hyphae/ratchet/pq'
import { type App, createApp } from './app.js'

export const app: App = createApp(slimCrypto, postQuantum)
