import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/index.node.ts', 'src/datagrams.ts'],
  platform: 'neutral',
})
