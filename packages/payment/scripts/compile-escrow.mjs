// `npm run compile:escrow`: writes what the sources of the package carry of the contract.
import { writeFileSync } from 'node:fs'
import { compileEscrow } from './compile.mjs'

const { abi, bytecode } = compileEscrow()
const text = `/** Compiled from contracts/HyphaeEscrow.sol by \`npm run compile:escrow\`; a test compiles it again and compares. */

export const ESCROW_ABI = ${JSON.stringify(abi, null, 2)} as const

export const ESCROW_BYTECODE =
  '${bytecode}' as const
`
writeFileSync(new URL('../src/evm/artifact.ts', import.meta.url), text)
