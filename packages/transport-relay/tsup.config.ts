import { library } from '../../build/tsup.ts'

export default library({
  entry: [
    'src/index.ts',
    'src/index.node.ts',
    'src/hops.ts',
    'src/hops.node.ts',
    'src/push.ts',
    'src/wire.ts',
  ],
  platform: 'neutral',
})
