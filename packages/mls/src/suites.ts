/** The entry `@hyphae/mls/suites`: what suites beyond 1 and 3 need is large, so it is brought along on demand. */
export { p256Suite, p384Suite, xwingSuite } from './suites/suites.js'
