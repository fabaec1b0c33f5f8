import { library } from '../../build/tsup.ts'

export default library({
  entry: ['src/index.ts', 'src/lite/index.ts', 'src/order/index.ts', 'src/suites.ts'],
})
