/** The relay program itself. Not a plain import: the package says that its modules do nothing by themselves. */
await import('../../src/hyphae-relay.js')
