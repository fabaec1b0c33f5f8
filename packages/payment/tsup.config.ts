import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/evm.ts', 'src/issuer.node.ts'],
  platform: 'neutral',
  external: ['viem'],
})
