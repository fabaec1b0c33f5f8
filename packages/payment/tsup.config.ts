import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/evm.ts', 'src/evm.node.ts', 'src/issuer.node.ts'],
  platform: 'neutral',
  external: ['viem'],
})
