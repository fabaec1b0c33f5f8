// Compiles the escrow contract: the same input gives the same bytecode, whoever runs it.
import { readFileSync } from 'node:fs'
import solc from 'solc'

const NAME = 'HyphaeEscrow'

const SETTINGS = {
  // No later opcodes: chains follow the main one at their own pace.
  evmVersion: 'paris',
  optimizer: { enabled: true, runs: 10_000 },
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { [NAME]: ['abi', 'evm.bytecode.object'] } },
}

/** @returns {{ abi: unknown[], bytecode: string }} */
export function compileEscrow() {
  const content = readFileSync(new URL(`../contracts/${NAME}.sol`, import.meta.url), 'utf8')
  const input = { language: 'Solidity', sources: { [NAME]: { content } }, settings: SETTINGS }
  const { errors = [], contracts } = JSON.parse(solc.compile(JSON.stringify(input)))
  if (errors.length > 0) throw new Error(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  const { abi, evm } = contracts[NAME][NAME]
  return { abi, bytecode: `0x${evm.bytecode.object}` }
}
