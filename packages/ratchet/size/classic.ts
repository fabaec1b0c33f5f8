/** All that a page loads for classic sessions. */
import { slimCrypto } from '@hyphae/crypto/slim'
import { type App, createApp } from './app.js'

export const app: App = createApp(slimCrypto)
