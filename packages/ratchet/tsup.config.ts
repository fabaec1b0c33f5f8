import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/pq.ts', 'src/sessions.ts', 'src/signal.ts'],
  production: true,
})
