/** Every request of the REST interface. */
import type { Route } from './route.js'
import { ABOUT_ROUTES } from './routes/about.js'
import { BLOB_ROUTES } from './routes/blobs.js'
import { CHANNEL_ROUTES } from './routes/channels.js'
import { GROUP_ROUTES } from './routes/groups.js'
import { KEY_ROUTES } from './routes/keys.js'
import { MESSAGE_ROUTES } from './routes/messages.js'
import { TERMS_ROUTES } from './routes/terms.js'

export const ROUTES: readonly Route[] = [
  ...KEY_ROUTES,
  ...MESSAGE_ROUTES,
  ...TERMS_ROUTES,
  ...GROUP_ROUTES,
  ...CHANNEL_ROUTES,
  ...BLOB_ROUTES,
  ...ABOUT_ROUTES,
]
