import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/index.node.ts', 'src/kem.ts', 'src/kem.node.ts', 'src/slim.ts'],
  production: true,
  platform: 'neutral',
  external: ['libsodium-wrappers'],
})
