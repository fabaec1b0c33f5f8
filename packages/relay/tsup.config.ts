import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/hyphae-relay.ts', 'src/nats.ts', 'src/postgres.ts', 'src/s3.ts'],
  platform: 'node',
  external: ['@aws-sdk/client-s3', '@nats-io/transport-node', 'pg'],
})
