/** Limits of the testkit. */

/** Real milliseconds a compliance case waits for something that must come; a slow machine needs some. */
export const PATIENCE_MS = 5000

/** Real milliseconds a compliance case waits before it believes that something does not come. */
export const QUIET_MS = 50

/** Turns of the event loop a virtual clock gives to promises before and after each timer. */
export const SETTLE_TURNS = 3
