/** The relay program itself. */
import '../../src/hyphae-relay.js'
